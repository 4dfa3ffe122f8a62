import type { Buffer } from 'node:buffer';
import { ownText } from '../bytes/own-text.ts';
import { Rejection } from './failures.ts';
import { checkLines } from './head-lines.ts';
import { type ContentEnd, type ContentEvents, MessageParser } from './message-parser.ts';
import { type Http1Request, malformedRequest, parseRequestHead, parseRequestLine } from './request-head.ts';

/** Who hears of a request while it is read. May throw what ends it. */
export interface RequestEvents extends ContentEvents {
  /** Gives where the content ends. */
  onHead(request: Http1Request): ContentEnd;
}

/** Reads requests of a client. What cannot be read is refused with a Rejection (400, 414, 431, 505). */
export class RequestParser extends MessageParser<RequestEvents> {
  readonly #maxHeaderSize: number;
  /** What has come of a head's first line; undefined once that is complete. */
  #firstLine: string | undefined = '';
  /** What may be half of a line's end, behind what has come of a head. */
  #half = '';

  /** `maxHeaderSize`: bytes that the fields of a head, or a trailer section, may have, and as many the request line. */
  constructor(maxHeaderSize: number) {
    super(maxHeaderSize * 2, maxHeaderSize, {
      malformed: malformedRequest,
      headTooLarge: (bytes, start) => this.#tooLarge(bytes.toString('latin1', start)),
      trailersTooLarge: fieldsTooLarge,
    });
    this.#maxHeaderSize = maxHeaderSize;
  }

  override begin(events: RequestEvents): void {
    this.#restart();
    super.begin(events);
  }

  protected override onHeadText(events: RequestEvents, text: string): ContentEnd | 'another-head' {
    // RFC 9112 §2.2: empty lines before a request are passed over.
    const head = text.startsWith('\r\n') ? ownText(text.replace(LINE_ENDS, '')) : text;
    if (head !== '') return events.onHead(parseRequestHead(head));
    this.#restart();
    return 'another-head';
  }

  /**
   * What can never become a request is answered at once, not when it has come to an end that may never come: TLS, HTTP/0.9,
   * lines that end with LF alone.
   */
  protected override onPartOfHead(bytes: Buffer, start: number): void {
    const text = this.#half + bytes.toString('latin1', start);
    this.#half = text.endsWith('\r') ? '\r' : '';
    const piece = this.#half === '' ? text : text.slice(0, -1);
    checkLines(piece, malformedRequest);
    if (this.#firstLine === undefined) return;
    this.#firstLine += piece;
    if (piece.includes('\n')) this.#endFirstLine(this.#firstLine);
    else if (this.#firstLine.length > this.#maxHeaderSize) throw targetTooLong();
  }

  #endFirstLine(text: string): void {
    const line = text.replace(LINE_ENDS, '');
    const end = line.indexOf('\r\n');
    if (end >= 0) parseRequestLine(line.slice(0, end));
    this.#firstLine = end < 0 ? line : undefined;
  }

  #tooLarge(piece: string): Rejection {
    const hasLine = this.#firstLine === undefined || piece.includes('\n');
    return hasLine ? fieldsTooLarge() : targetTooLong();
  }

  #restart(): void {
    this.#firstLine = '';
    this.#half = '';
  }
}

const LINE_ENDS = /^(?:\r\n)+/;

const fieldsTooLarge = () => new Rejection(431, 'header fields too large');
const targetTooLong = () => new Rejection(414, 'request target too long');
