import { Rejection } from './failures.ts';
import { Gatherer } from './gatherer.ts';
import { malformed, parseFieldLine, parseResponseHead, type ResponseHead } from './response-head.ts';

/** Where the content of a response ends (RFC 9112 §6.3): after so many bytes, with its last chunk, or with the connection. */
export type ContentEnd = number | 'last-chunk' | 'close';

/** Who hears of a response while it is read. May throw what ends it. */
export interface ResponseEvents {
  onInterimHead(head: ResponseHead): void;
  /** The final head. Gives where the content ends. */
  onHead(head: ResponseHead): ContentEnd;
  /** Content, without the framing of chunks. The bytes are used for others after the call. */
  onContent(content: Buffer): void;
}

/**
 * Reads responses of an origin (RFC 9112), one at a time, out of the bytes of a connection. What is not exactly as the
 * RFC has it is refused with a Rejection (502), for nobody knows what else the origin meant. Nothing is decided by
 * fields here: that is for whoever gets the head.
 */
export class ResponseParser {
  readonly #maxHead: number;
  readonly #gatherer = new Gatherer();
  #events: ResponseEvents | undefined;
  #state: 'head' | 'content' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' = 'head';
  /** Bytes to come of the content, or of the chunk. */
  #left = 0;
  /** Bytes that chunk extensions and trailers may still have. */
  #spare = 0;
  #trailers: string[] = [];

  /** `maxHead`: bytes that a head, or a trailer section, may have. */
  constructor(maxHead: number) {
    this.#maxHead = maxHead + STATUS_LINE;
  }

  /** Expects a response. */
  begin(events: ResponseEvents): void {
    this.#events = events;
    this.#state = 'head';
  }

  /** Wants no more of the response. */
  abandon(): void {
    this.#events = undefined;
  }

  /** Whether no response is expected, or is expected any more. */
  get isComplete(): boolean {
    return this.#events === undefined;
  }

  /** Name, value, …, of the last response's trailer section (§7.1.2). */
  takeTrailers(): readonly string[] {
    const trailers = this.#trailers;
    if (trailers.length > 0) this.#trailers = [];
    return trailers;
  }

  /** Reads on. Gives how many bytes belonged to the response: fewer than there are when it is complete before. */
  feed(bytes: Buffer): number {
    let at = 0;
    while (this.#events !== undefined && at < bytes.length) at = this.#step(this.#events, bytes, at);
    return at;
  }

  /** The connection has ended in good order. True when the response is complete by that. */
  end(): boolean {
    if (this.#state !== 'until-close') return false;
    this.#events = undefined;
    return true;
  }

  #step(events: ResponseEvents, bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#onHead(events, bytes, at);
      case 'until-close':
        events.onContent(bytes.subarray(at));
        return bytes.length;
      case 'content':
      case 'chunk':
        return this.#onContent(events, bytes, at);
      case 'chunk-size':
        return this.#onChunkSize(bytes, at);
      case 'chunk-end':
        return this.#onChunkEnd(bytes, at);
      case 'trailers':
        return this.#onTrailers(bytes, at);
    }
  }

  #onHead(events: ResponseEvents, bytes: Buffer, at: number): number {
    const next = this.#gatherer.take(bytes, at, EMPTY_LINE, this.#maxHead, tooLarge);
    if (next < 0) return bytes.length;
    const head = parseResponseHead(this.#gatherer.text);
    if (head.status >= 100 && head.status < 200) events.onInterimHead(head);
    else this.#frame(events.onHead(head));
    return next;
  }

  #frame(end: ContentEnd): void {
    this.#spare = MAX_EXTENSIONS;
    if (end === 'last-chunk') this.#state = 'chunk-size';
    else if (end === 'close') this.#state = 'until-close';
    else if (end > 0) this.#expect('content', end);
    else this.#events = undefined;
  }

  #expect(state: 'content' | 'chunk', length: number): void {
    this.#state = state;
    this.#left = length;
  }

  #onContent(events: ResponseEvents, bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const isChunk = this.#state === 'chunk';
    if (this.#left === 0 && isChunk) this.#state = 'chunk-end';
    events.onContent(bytes.subarray(at, end));
    if (this.#left === 0 && !isChunk) this.#events = undefined;
    return end;
  }

  // §7.1: the size in hexadecimal, and perhaps extensions, which mean nothing to anybody.
  #onChunkSize(bytes: Buffer, at: number): number {
    const next = this.#takeLine(bytes, at, this.#spare + SIZE_DIGITS);
    if (next < 0) return bytes.length;
    const [, digits = '', extensions = ''] = CHUNK_SIZE.exec(this.#gatherer.text) ?? [];
    const size = Number.parseInt(digits, 16);
    if (!Number.isSafeInteger(size)) throw malformed('bad chunk size');
    this.#spare -= extensions.length;
    if (size > 0) this.#expect('chunk', size);
    else this.#expectTrailers();
    return next;
  }

  #onChunkEnd(bytes: Buffer, at: number): number {
    const next = this.#takeLine(bytes, at, 0);
    if (next < 0) return bytes.length;
    this.#state = 'chunk-size';
    return next;
  }

  #expectTrailers(): void {
    this.#state = 'trailers';
    this.#spare = this.#maxHead;
  }

  #onTrailers(bytes: Buffer, at: number): number {
    const next = this.#takeLine(bytes, at, this.#spare);
    if (next < 0) return bytes.length;
    const line = this.#gatherer.text;
    this.#spare = Math.max(0, this.#spare - line.length - LINE_END.length);
    if (line === '') this.#events = undefined;
    else parseFieldLine(line, this.#trailers);
    return next;
  }

  #takeLine(bytes: Buffer, at: number, limit: number): number {
    return this.#gatherer.take(bytes, at, LINE_END, limit, lineTooLong);
  }
}

const LINE_END = Buffer.from('\r\n');
const EMPTY_LINE = Buffer.from('\r\n\r\n');

// What the status line may have beside the fields, bytes.
const STATUS_LINE = 512;

// Bytes of all chunk extensions of a message.
const MAX_EXTENSIONS = 4096;
const SIZE_DIGITS = 16;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,16})([\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;

const tooLarge = () => new Rejection(502, "the origin's response: header fields too large");
const lineTooLong = () => malformed('bad chunk, or trailers too large');
