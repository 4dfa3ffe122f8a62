import { Buffer } from 'node:buffer';
import { Gatherer, type TooLong } from './gatherer.ts';
import { type Malformed, parseFieldLine } from './head-lines.ts';

/** Where the content of a message ends (RFC 9112 §6.3): after so many bytes, with its last chunk, or with the connection. */
export type ContentEnd = number | 'last-chunk' | 'close';

/** Who hears of content while it is read. May throw what ends the message. */
export interface ContentEvents {
  /** Content, without the framing of chunks. */
  onContent(content: Buffer): void;
}

/** What is thrown for messages that cannot be read. */
export interface MessageFaults {
  readonly malformed: Malformed;
  /** The head, or a trailer section, has more bytes than it may have. */
  readonly headTooLarge: TooLong;
  readonly trailersTooLarge: () => Error;
}

/**
 * Reads HTTP/1.1 messages (RFC 9112), one at a time, out of the bytes of a connection. What is not exactly as the RFC has
 * it is refused, for nobody knows what else the sender meant, nor how another reader would take it. Nothing is decided by
 * fields here: that is for whoever gets the head.
 */
export abstract class MessageParser<Events extends ContentEvents> {
  /** Set to have it stop before the next piece of a message, as whoever hears of it has enough for now. */
  isHeld = false;
  readonly #maxHead: number;
  readonly #maxTrailers: number;
  readonly #faults: MessageFaults;
  readonly #gatherer = new Gatherer();
  #events: Events | undefined;
  #state: 'head' | 'content' | 'until-close' | 'chunk-size' | 'chunk' | 'chunk-end' | 'trailers' = 'head';
  /** Bytes to come of the content, or of the chunk. */
  #left = 0;
  /** Bytes that chunk extensions and trailers may still have. */
  #spare = 0;
  #trailers: string[] = [];

  /** `maxHead`, `maxTrailers`: bytes that a head, its first line included, and a trailer section may have. */
  constructor(maxHead: number, maxTrailers: number, faults: MessageFaults) {
    this.#maxHead = maxHead;
    this.#maxTrailers = maxTrailers;
    this.#faults = faults;
  }

  /** Expects a message. */
  begin(events: Events): void {
    this.#events = events;
    this.#state = 'head';
  }

  /** Wants no more of the message. */
  abandon(): void {
    this.#events = undefined;
  }

  /** Whether no message is expected, or is expected any more. */
  get isComplete(): boolean {
    return this.#events === undefined;
  }

  /** Whether nothing of the message that is expected has come. */
  get isUntouched(): boolean {
    return this.#state === 'head' && this.#gatherer.isEmpty;
  }

  /** Name, value, …, of the last message's trailer section (§7.1.2). */
  takeTrailers(): readonly string[] {
    const trailers = this.#trailers;
    if (trailers.length > 0) this.#trailers = [];
    return trailers;
  }

  /**
   * Reads on. Gives how many bytes belonged to the message, or were wanted: fewer than there are when it is complete
   * before, or `isHeld` was set.
   */
  feed(bytes: Buffer): number {
    let at = 0;
    while (this.#events !== undefined && !this.isHeld && at < bytes.length)
      at = this.#step(this.#events, bytes, at);
    return at;
  }

  /** The connection has ended in good order. True when the message is complete by that. */
  end(): boolean {
    if (this.#state !== 'until-close') return false;
    this.#events = undefined;
    return true;
  }

  /** The head of the message, up to but without its empty line: gives where the content ends, or that another head comes. */
  protected abstract onHeadText(events: Events, text: string): ContentEnd | 'another-head';

  /** These bytes, from `start` on, have not ended the head. May throw when it is clear that it can come to nothing. */
  protected onPartOfHead(_bytes: Buffer, _start: number): void {}

  #step(events: Events, bytes: Buffer, at: number): number {
    switch (this.#state) {
      case 'head':
        return this.#onHead(events, bytes, at);
      case 'until-close':
        events.onContent(at === 0 ? bytes : bytes.subarray(at));
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

  #onHead(events: Events, bytes: Buffer, at: number): number {
    const next = this.#gatherer.take(bytes, at, EMPTY_LINE, this.#maxHead, this.#faults.headTooLarge);
    if (next < 0) {
      this.onPartOfHead(bytes, at);
      return bytes.length;
    }
    const end = this.onHeadText(events, this.#gatherer.text);
    if (end !== 'another-head') this.#frame(end);
    return next;
  }

  #frame(end: ContentEnd): void {
    this.#spare = MAX_EXTENSIONS;
    if (end === 'last-chunk') this.#state = 'chunk-size';
    else if (end === 'close') this.#state = 'until-close';
    else if (end > 0) this.#expect('content', end);
    else this.#complete();
  }

  #expect(state: 'content' | 'chunk', length: number): void {
    this.#state = state;
    this.#left = length;
  }

  #complete(): void {
    this.#events = undefined;
    this.#state = 'head';
  }

  #onContent(events: Events, bytes: Buffer, at: number): number {
    const end = Math.min(bytes.length, at + this.#left);
    this.#left -= end - at;
    const isChunk = this.#state === 'chunk';
    if (this.#left === 0 && isChunk) this.#state = 'chunk-end';
    events.onContent(at === 0 && end === bytes.length ? bytes : bytes.subarray(at, end));
    if (this.#left === 0 && !isChunk) this.#complete();
    return end;
  }

  // §7.1: the size in hexadecimal, and perhaps extensions, which mean nothing to anybody.
  #onChunkSize(bytes: Buffer, at: number): number {
    const next = this.#takeLine(bytes, at, this.#spare + SIZE_DIGITS, this.#extensionsTooLarge);
    if (next < 0) return bytes.length;
    const [, digits = '', extensions = ''] = CHUNK_SIZE.exec(this.#gatherer.text) ?? [];
    const size = Number.parseInt(digits, 16);
    if (!Number.isSafeInteger(size)) throw this.#faults.malformed('bad chunk size');
    const beside = extensions.length + Math.max(0, digits.length - USUAL_DIGITS);
    if (beside > this.#spare) throw this.#extensionsTooLarge();
    this.#spare -= beside;
    if (size > 0) this.#expect('chunk', size);
    else this.#expectTrailers();
    return next;
  }

  readonly #extensionsTooLarge = (): Error => this.#faults.malformed('chunk extensions too large');

  #onChunkEnd(bytes: Buffer, at: number): number {
    const next = this.#takeLine(bytes, at, 0, this.#chunkTooLong);
    if (next < 0) return bytes.length;
    this.#state = 'chunk-size';
    return next;
  }

  readonly #chunkTooLong = (): Error => this.#faults.malformed('a chunk longer than its size');

  #expectTrailers(): void {
    this.#state = 'trailers';
    this.#spare = this.#maxTrailers;
  }

  #onTrailers(bytes: Buffer, at: number): number {
    const next = this.#takeLine(bytes, at, this.#spare, this.#faults.trailersTooLarge);
    if (next < 0) return bytes.length;
    const line = this.#gatherer.text;
    this.#spare = Math.max(0, this.#spare - line.length - LINE_END.length);
    if (line === '') this.#complete();
    else parseFieldLine(line, this.#trailers, this.#faults.malformed);
    return next;
  }

  #takeLine(bytes: Buffer, at: number, limit: number, tooLong: TooLong): number {
    return this.#gatherer.take(bytes, at, LINE_END, limit, tooLong);
  }
}

const LINE_END = Buffer.from('\r\n');
const EMPTY_LINE = Buffer.from('\r\n\r\n');

// Bytes of all chunk extensions of a message, and of zeros before the sizes of chunks beyond the usual.
const MAX_EXTENSIONS = 4096;
const SIZE_DIGITS = 16;
const USUAL_DIGITS = 8;
const CHUNK_SIZE = /^([0-9A-Fa-f]{1,16})([\t ]*;[\t\x20-\x7e\x80-\xff]*)?$/;
