import type { ClientRequest } from 'node:http';
import type { FieldLines } from '../h3/port.ts';
import { type Framing, fieldValue, type HopFields } from './fields.ts';
import type { OriginContext } from './origin-context.ts';
import { isUsuallyBare, type OriginTarget, openOriginRequest } from './origin-request.ts';

/**
 * The way of a request's content to the origin. A head in HTTP/3 does not say whether content follows, so without
 * Content-Length the request is opened only when that shows. And the origin shall not see a complete request before the
 * stream has said that it is (RFC 9114 §4.1.2): the chunk that completes a declared length waits for the end.
 */
export class OriginUpload {
  readonly #target: OriginTarget;
  readonly #fields: FieldLines;
  readonly #hop: HopFields;
  readonly #context: OriginContext;
  readonly #onOpen: (request: ClientRequest) => void;
  readonly #declared: number | undefined;
  #received = 0;
  #last: Uint8Array | undefined;
  #request: ClientRequest | undefined;
  #lateTimer: NodeJS.Timeout | undefined;
  #isComplete = false;

  constructor(
    target: OriginTarget,
    fields: FieldLines,
    hop: HopFields,
    context: OriginContext,
    onOpen: (request: ClientRequest) => void,
  ) {
    this.#target = target;
    this.#fields = fields;
    this.#hop = hop;
    this.#context = context;
    this.#onOpen = onOpen;
    const declared = fieldValue(fields, 'content-length');
    this.#declared = declared === undefined ? undefined : Number(declared);
  }

  /** Whether all of the request was passed on. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether the origin takes nothing more for now. */
  get isFull(): boolean {
    return this.#request?.writableNeedDrain === true;
  }

  /** Opens the request as soon as it is clear how. `onLate` is called when that takes long, for `sendHead`. */
  start(onLate: () => void): void {
    // Its head alone would be a complete request.
    if (this.#declared === 0) return;
    this.#lateTimer = setTimeout(onLate, this.#patience());
  }

  /** Sends the head without waiting for content, which must be assumed to come, as the end has not. */
  sendHead(): void {
    if (this.#isComplete) return;
    (this.#request ?? this.#open(this.#declared === undefined ? 'chunked' : 'length')).flushHeaders();
  }

  #patience(): number {
    const expectsContent = this.#declared !== undefined || fieldValue(this.#fields, 'expect') !== undefined;
    return !expectsContent && isUsuallyBare(this.#target.method) ? BARE_WAIT : WAIT;
  }

  /** `false`: the origin has enough, wait for `drain`. */
  write(chunk: Uint8Array): boolean {
    this.#received += chunk.length;
    if (this.#received === this.#declared) {
      this.#last = chunk;
      return true;
    }
    clearTimeout(this.#lateTimer);
    const request = this.#request ?? this.#open(this.#declared === undefined ? 'chunked' : 'length');
    return request.write(chunk);
  }

  addTrailers(trailers: [string, string][]): void {
    (this.#request ?? this.#open('chunked')).addTrailers(trailers);
  }

  end(): void {
    clearTimeout(this.#lateTimer);
    const request = this.#request ?? this.#open(this.#last === undefined ? 'none' : 'length');
    this.#isComplete = true;
    if (this.#last === undefined) request.end();
    else request.end(this.#last);
  }

  destroy(): void {
    clearTimeout(this.#lateTimer);
    this.#request?.destroy();
  }

  #open(framing: Framing): ClientRequest {
    const request = openOriginRequest(this.#target, this.#fields, framing, this.#hop, this.#context);
    this.#request = request;
    this.#onOpen(request);
    return request;
  }
}

// Milliseconds. The end mostly comes with the head; where content is unusual, it may come a packet later.
const WAIT = 1;
const BARE_WAIT = 50;
