import type { IncomingMessage, ServerResponse } from 'node:http';
import type { FieldLines } from '../h3/port.ts';
import { Rejection, reasonPhrase, type Synthetic } from './failures.ts';
import { fieldValue, responseToHttp1, trailersToHttp1 } from './fields.ts';

/**
 * The response to an HTTP/1.1 client as it is written: interim heads, one final head, content, trailers. In its turn
 * it owns the socket.
 */
export class FrontResponse {
  readonly #request: IncomingMessage;
  readonly #response: ServerResponse;
  #state: 'none' | 'unflushed' | 'begun' | 'ended' = 'none';
  #interims = 0;
  #bodiless = false;
  #closeDelimited = false;
  /** Content that waits for the end, which mostly comes with it: both go out at once then. */
  #first: Uint8Array | undefined;
  #onRoom: () => void = ignore;

  constructor(request: IncomingMessage, response: ServerResponse) {
    this.#request = request;
    this.#response = response;
    response.on('error', ignore);
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

  /** Passes on an interim response (RFC 9110 §15.2), which HTTP/1.0 does not have. */
  interim(fields: FieldLines): void {
    if (++this.#interims > MAX_INTERIMS) throw new Rejection(502, 'too many interim responses');
    if (this.#isHttp10) return;
    const status = Number(fieldValue(fields, ':status'));
    const headers = responseToHttp1(fields, { chunked: false, withLength: false });
    if (status === 100 && headers.length === 0) this.#response.writeContinue();
    else this.#request.socket.write(interimHead(status, headers), 'latin1');
  }

  /** Passes on the final head, and gives its status. `onDrain` is called each time that the socket has room again. */
  head(fields: FieldLines, keepAlive: boolean, onDrain: () => void): number {
    const status = Number(fieldValue(fields, ':status'));
    if (!(status >= 200 && status <= 599)) throw new Rejection(502, `response with status ${status}`);
    const hasLength = fieldValue(fields, 'content-length') !== undefined;
    this.#bodiless = this.#request.method === 'HEAD' || status === 204 || status === 304;
    const chunked = !this.#bodiless && !hasLength && !this.#isHttp10;
    this.#response.useChunkedEncodingByDefault = !this.#isHttp10;
    if (!keepAlive) this.#response.shouldKeepAlive = false;
    const headers = responseToHttp1(fields, { chunked, withLength: status !== 204 });
    this.#response.writeHead(status, reasonPhrase(status), headers);
    this.#onRoom = onDrain;
    this.#closeDelimited = !this.#bodiless && !hasLength && this.#isHttp10;
    this.#state = 'unflushed';
    process.nextTick(flushHead, this);
    return status;
  }

  /** Sends what the end has not come with: whoever waits for it may have to see it first. */
  flush(): void {
    if (this.#state !== 'unflushed') return;
    this.#state = 'begun';
    if (this.#first === undefined) this.#response.flushHeaders();
    else this.#write(this.#first);
    this.#first = undefined;
  }

  /** `false`: wait for `onDrain`. */
  data(chunk: Uint8Array): boolean {
    if (this.#bodiless) return true;
    if (this.#state === 'unflushed' && this.#first === undefined && chunk.length <= SMALL) {
      this.#first = chunk;
      return true;
    }
    if (this.#first !== undefined) this.flush();
    this.#state = 'begun';
    return this.#write(chunk);
  }

  trailers(fields: FieldLines): void {
    this.#response.addTrailers(trailersToHttp1(fields));
  }

  end(): void {
    this.#state = 'ended';
    if (this.#first === undefined) this.#response.end();
    else this.#response.end(this.#first);
  }

  /** A whole response of our own; gives the bytes of content that it has here. */
  synthetic(answer: Synthetic, keepAlive: boolean): number {
    if (!keepAlive) this.#response.shouldKeepAlive = false;
    this.#state = 'ended';
    this.#response.writeHead(answer.status, answer.phrase, [...answer.headers]);
    this.#response.end(answer.body);
    return this.#request.method === 'HEAD' ? 0 : answer.body.length;
  }

  #write(chunk: Uint8Array): boolean {
    const hasRoom = this.#response.write(chunk);
    if (!hasRoom && this.#response.listenerCount('drain') === 0) this.#response.on('drain', this.#onRoom);
    return hasRoom;
  }

  get #isHttp10(): boolean {
    return this.#request.httpVersionMinor === 0;
  }
}

// Bytes that may wait for the end: so few that nobody needs to be held back.
const SMALL = 16_384;

// As many as a request may have (of 100, 102, 103, …).
const MAX_INTERIMS = 16;

function interimHead(status: number, headers: readonly string[]): string {
  let head = `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;
  for (let at = 0; at < headers.length; at += 2) head += `${headers[at]}: ${headers[at + 1]}\r\n`;
  return `${head}\r\n`;
}

function flushHead(response: FrontResponse): void {
  response.flush();
}

function ignore(): void {
  // The connection's end is heard from the socket.
}
