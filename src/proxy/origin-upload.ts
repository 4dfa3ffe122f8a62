import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines } from '../h3/port.ts';
import { type Deadline, Deadlines } from './deadlines.ts';
import type { Framing } from './fields.ts';
import type { OriginConnection, ResponseListener } from './origin-connection.ts';
import type { OriginContext } from './origin-context.ts';
import type { OriginDialogue } from './origin-dialogue.ts';
import { isUsuallyBare, OriginRequest, type OriginTarget, requestHead } from './origin-request.ts';

/**
 * The way of a request's content to the origin. A head in HTTP/3 does not say whether content follows, so without
 * Content-Length the request is opened only when that shows. And the origin shall not see a complete request before the
 * stream has said that it is (RFC 9114 §4.1.2): the chunk that completes a declared length waits for the end.
 */
export class OriginUpload {
  readonly #target: OriginTarget;
  readonly #fields: FieldLines;
  readonly #dialogue: OriginDialogue;
  readonly #context: OriginContext;
  readonly #listener: ResponseListener;
  readonly #declared: number | undefined;
  /** For what shows whether there is content. */
  #deadline: Deadline<OriginUpload> | undefined;
  #received = 0;
  #last: Uint8Array | undefined;
  #trailers: readonly string[] = [];
  #request: OriginRequest | undefined;
  #isComplete = false;

  constructor(
    target: OriginTarget,
    fields: FieldLines,
    dialogue: OriginDialogue,
    context: OriginContext,
    listener: ResponseListener,
  ) {
    this.#target = target;
    this.#fields = fields;
    this.#dialogue = dialogue;
    this.#context = context;
    this.#listener = listener;
    const declared = fieldValue(fields, 'content-length');
    this.#declared = declared === undefined ? undefined : Number(declared);
  }

  /** Whether all of the request was passed on. */
  get isComplete(): boolean {
    return this.#isComplete;
  }

  /** Whether the origin takes nothing more for now. */
  get isFull(): boolean {
    return this.connection?.isFull === true;
  }

  /** Where the request is being sent, once it is. */
  get connection(): OriginConnection | undefined {
    return this.#request?.connection;
  }

  /** Opens the request as soon as it is clear how, or that takes too long. `isWhole`: the end has come. */
  start(isWhole: boolean): void {
    // With a length of 0, its head alone would be a complete request.
    if (isWhole || this.#declared === 0) return;
    const expectsContent = this.#declared !== undefined || fieldValue(this.#fields, 'expect') !== undefined;
    const { bare, usual } = this.#context.contentDeadlines;
    this.#deadline = (!expectsContent && isUsuallyBare(this.#target.method) ? bare : usual).start(this);
  }

  // Content must be assumed to come, as the end has not.
  #sendHead(): void {
    if (this.#isComplete) return;
    (this.#request ?? this.#open(this.#declared === undefined ? 'chunked' : 'length')).flush();
  }

  /** Neither content nor the end has come. */
  onLate(): void {
    this.#dialogue.contained(() => this.#sendHead());
  }

  /** `false`: the origin has enough, wait until it has room. */
  write(chunk: Uint8Array): boolean {
    this.#received += chunk.length;
    if (this.#received === this.#declared) {
      this.#last = chunk;
      return true;
    }
    this.#deadline?.leave();
    const request = this.#request ?? this.#open(this.#declared === undefined ? 'chunked' : 'length');
    return request.write(chunk);
  }

  addTrailers(trailers: readonly string[]): void {
    this.#trailers = trailers;
    this.#request ??= this.#open('chunked');
  }

  end(): void {
    this.#deadline?.leave();
    const request = this.#request ?? this.#open(this.#last === undefined ? 'none' : 'length');
    this.#isComplete = true;
    request.end(this.#last, this.#trailers);
  }

  /** Leaves the connection to the next request. */
  release(keepAlive: string | undefined): void {
    this.connection?.release(keepAlive);
    this.#request = undefined;
  }

  destroy(): void {
    this.#deadline?.leave();
    this.connection?.destroy();
  }

  #open(framing: Framing): OriginRequest {
    const head = requestHead(this.#target, this.#fields, framing, this.#dialogue.hop);
    const connection = this.#context.pool.take();
    if (connection.isConnecting) this.#dialogue.connecting();
    connection.begin(this.#listener);
    this.#request = new OriginRequest(connection, head);
    return this.#request;
  }
}

/** How long requests may wait for what follows their head, by whether they mostly have content. */
export interface ContentDeadlines {
  readonly usual: Deadlines<OriginUpload>;
  readonly bare: Deadlines<OriginUpload>;
}

export function contentDeadlines(): ContentDeadlines {
  const onDue = (upload: OriginUpload) => upload.onLate();
  return { usual: new Deadlines(WAIT, onDue), bare: new Deadlines(BARE_WAIT, onDue) };
}

// Milliseconds. The end mostly comes with the head; where content is unusual, it may come a packet later.
const WAIT = 1;
const BARE_WAIT = 50;
