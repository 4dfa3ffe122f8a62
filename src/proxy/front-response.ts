import process from 'node:process';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines } from '../h3/port.ts';
import { Rejection, type Synthetic } from './failures.ts';
import { fieldText } from './field-text.ts';
import { responseToHttp1, trailersToHttp1 } from './fields.ts';
import { httpDate } from './http-date.ts';
import type { Outlet } from './outlet.ts';
import type { Http1Request } from './request-head.ts';
import { finalHead, interimHead, writtenHead } from './written-head.ts';

/**
 * The response to an HTTP/1.1 client as it is written (RFC 9112): interim heads, one final head, content, trailers. In
 * its turn it owns the socket.
 */
export class FrontResponse {
  readonly #request: Http1Request;
  readonly #outlet: Outlet;
  #state: 'none' | 'unflushed' | 'begun' | 'ended' = 'none';
  #interims = 0;
  #continued = false;
  #bodiless = false;
  #chunked = false;
  #closeDelimited = false;
  #persists = true;
  /** The head, and content behind it, that wait for the end, which mostly comes with them: all go out at once then. */
  #head = '';
  #first: Uint8Array | undefined;
  #trailers = '';

  constructor(request: Http1Request, outlet: Outlet) {
    this.#request = request;
    this.#outlet = outlet;
  }

  /** Whether a final head was written. */
  get begun(): boolean {
    return this.#state !== 'none';
  }

  get ended(): boolean {
    return this.#state === 'ended';
  }

  /** Whether only the end of the connection tells where the content ends (RFC 9112 §6.3). */
  get closeDelimited(): boolean {
    return this.#closeDelimited;
  }

  /** Whether the client was told that it may ask for more on the connection. */
  get persists(): boolean {
    return this.#persists;
  }

  /** Whether the client was told to send its content (RFC 9110 §15.2.1). */
  get continued(): boolean {
    return this.#continued;
  }

  /** Passes on an interim response (RFC 9110 §15.2), which HTTP/1.0 does not have. */
  interim(fields: FieldLines): void {
    if (++this.#interims > MAX_INTERIMS) throw new Rejection(502, 'too many interim responses');
    if (this.#request.minorVersion === 0) return;
    const status = Number(fieldValue(fields, ':status'));
    if (status === 100) this.#continued = true;
    const headers = responseToHttp1(fields, { chunked: false, withLength: false });
    this.#outlet.write(interimHead(status, headers));
  }

  /** Passes on the final head, and gives its status. */
  head(fields: FieldLines, keepAlive: boolean): number {
    const head = writtenHead(fields, this.#request, keepAlive);
    this.#bodiless = head.isBodiless;
    this.#chunked = head.isChunked;
    this.#closeDelimited = head.isCloseDelimited;
    this.#begin(head.text, head.persists);
    if (unflushed.push(this) === 1) process.nextTick(flushHeads);
    return head.status;
  }

  /** Sends what the end has not come with: whoever waits for it may have to see it first. */
  flush(): void {
    if (this.#state !== 'unflushed') return;
    if (this.#first === undefined) this.#outlet.write(this.#takeHead());
    else this.#write(this.#takeFirst());
  }

  /** `false`: enough is waiting, until the socket has room. */
  data(chunk: Uint8Array): boolean {
    // As a chunk it would be the last one (RFC 9112 §7.1).
    if (this.#bodiless || chunk.length === 0) return true;
    if (this.#state === 'unflushed' && this.#first === undefined && chunk.length <= SMALL) {
      this.#first = chunk;
      return true;
    }
    if (this.#first !== undefined) this.flush();
    return this.#write(chunk);
  }

  trailers(fields: FieldLines): void {
    this.#trailers = fieldText(trailersToHttp1(fields));
  }

  end(): void {
    const last = this.#chunked ? `0\r\n${this.#trailers}\r\n` : '';
    if (this.#first !== undefined) this.#send(this.#takeFirst(), last);
    else if (this.#head !== '' || last !== '') this.#outlet.write(this.#takeHead() + last);
    this.#state = 'ended';
  }

  /** A whole response of our own; gives the bytes of content that it has here. */
  synthetic(answer: Synthetic, keepAlive: boolean): number {
    this.#bodiless = this.#request.method === 'HEAD';
    this.#begin(finalHead(answer.status, answer.headers, httpDate(), keepAlive, false), keepAlive);
    if (!this.#bodiless) this.#first = answer.body;
    this.end();
    return this.#bodiless ? 0 : answer.body.length;
  }

  #begin(head: string, persists: boolean): void {
    this.#head = head;
    this.#persists = persists;
    this.#state = 'unflushed';
  }

  #write(chunk: Uint8Array): boolean {
    return this.#send(chunk, '');
  }

  #send(content: Uint8Array, last: string): boolean {
    const size = this.#chunked ? `${content.length.toString(16)}\r\n` : '';
    const before = this.#takeHead() + size;
    const behind = this.#chunked ? `\r\n${last}` : last;
    if (before === '' && behind === '') return this.#outlet.write(content);
    return this.#outlet.writeAll([before, content, behind]);
  }

  #takeHead(): string {
    const head = this.#head;
    this.#head = '';
    this.#state = 'begun';
    return head;
  }

  #takeFirst(): Uint8Array {
    const first = this.#first as Uint8Array;
    this.#first = undefined;
    return first;
  }
}

// Bytes that may wait for the end: so few that nobody needs to be held back.
const SMALL = 16_384;

// As many as a request may have (of 100, 102, 103, …).
const MAX_INTERIMS = 16;

/** Heads that came in this callback of the event loop: the end of most comes in it, too, and leaves with them. */
let unflushed: FrontResponse[] = [];

function flushHeads(): void {
  const responses = unflushed;
  unflushed = [];
  for (const response of responses) response.flush();
}
