import { Code } from '../h3/codes.ts';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import type { Carrier, StreamWaiter, Tunnel } from './tunnel.ts';

/** Who takes requests at the far end of a memory tunnel: `SessionEvents.onRequest`. */
export type RequestHandler = (stream: RequestStream, fields: FieldLines) => RequestStreamEvents;

/** What the connection of a memory tunnel is called. */
export const CARRIER: Carrier = { id: 1, tag: 'memory00' };

/** Most bytes on the way in one direction of a stream before `sendData` says false. */
const WINDOW = 65_536;

type Item =
  | { readonly kind: 'headers' | 'trailers'; readonly fields: FieldLines }
  | { readonly kind: 'data'; readonly chunk: Uint8Array }
  | { readonly kind: 'end' };

/**
 * The tunnel of `tunnel.ts` without network: both ends of each request stream in one process, delivering in
 * later turns of the event loop, with bounded windows, resets and stops as HTTP/3 has them.
 */
export class MemoryTunnel implements Tunnel {
  /** How often a stream was opened. */
  opened = 0;
  /** Streams that are not over. */
  readonly live = new Set<MemoryStream>();
  /** Field sections of requests, in order. */
  readonly requests: FieldLines[] = [];
  /** What the next streams fail with, right after they were opened. */
  readonly failures: StreamFailure[] = [];
  /** Why there is no stream, if there is none. */
  unavailable: string | undefined;
  readonly #onRequest: RequestHandler;

  constructor(onRequest: RequestHandler) {
    this.#onRequest = onRequest;
  }

  open(waiter: StreamWaiter): void {
    if (this.unavailable !== undefined) {
      waiter.onUnavailable(this.unavailable, 503);
      return;
    }
    const client = new MemoryStream('client', this.opened++ * 4, this);
    const server = new MemoryStream('server', client.id, this);
    client.connect(server, waiter);
    server.connect(client, undefined);
    this.live.add(client);
    const failure = this.failures.shift();
    if (failure !== undefined) server.vanish();
    waiter.onStream(client, CARRIER);
    if (failure !== undefined) client.fail(failure);
  }

  cancel(): void {
    // Whoever asks is answered within the call.
  }

  /** What the far end's handler says to a request. */
  accept(stream: RequestStream, fields: FieldLines): RequestStreamEvents {
    this.requests.push(fields);
    return this.#onRequest(stream, fields);
  }

  /** The connection under all streams ends. */
  break(): void {
    for (const stream of [...this.live]) stream.breakBoth();
  }
}

/** One end of a request stream. */
export class MemoryStream implements RequestStream {
  readonly id: number;
  readonly #role: 'client' | 'server';
  readonly #tunnel: MemoryTunnel;
  #peer: MemoryStream = this;
  #events: RequestStreamEvents | undefined;
  #inbox: Item[] = [];
  #inboxBytes = 0;
  #isPaused = false;
  #isScheduled = false;
  #mustDrain = false;
  #sending: 'open' | 'ended' | 'reset' = 'open';
  #receiving: 'open' | 'ended' = 'open';
  #declared: number | undefined;
  #received = 0;
  #bodiless = false;

  constructor(role: 'client' | 'server', id: number, tunnel: MemoryTunnel) {
    this.#role = role;
    this.id = id;
    this.#tunnel = tunnel;
  }

  connect(peer: MemoryStream, events: RequestStreamEvents | undefined): void {
    this.#peer = peer;
    this.#events = events;
  }

  get isWhole(): boolean {
    return this.#inbox.some(({ kind }) => kind === 'end');
  }

  sendHeaders(fields: FieldLines, end: boolean): void {
    if (fieldValue(fields, ':method') === 'HEAD') this.#bodiless = true;
    this.#send({ kind: 'headers', fields });
    if (end) this.end();
  }

  sendData(chunk: Uint8Array, lent = false): boolean {
    this.#send({ kind: 'data', chunk: lent ? new Uint8Array(chunk) : chunk });
    this.#mustDrain = this.#sending === 'open' && this.#peer.#inboxBytes >= WINDOW;
    return !this.#mustDrain;
  }

  end(trailers?: FieldLines): void {
    if (trailers !== undefined) this.#send({ kind: 'trailers', fields: trailers });
    this.#send({ kind: 'end' });
    if (this.#sending === 'open') this.#sending = 'ended';
    this.#checkOver();
  }

  pause(): void {
    this.#isPaused = true;
  }

  resume(): void {
    this.#isPaused = false;
    this.#schedule();
  }

  resetSending(code: number): void {
    if (this.#sending !== 'open') return;
    this.#sending = 'reset';
    const untouched = code === Code.H3_REQUEST_REJECTED;
    const failure = { source: 'remote', scope: 'stream', code, reason: `reset ${code}`, untouched } as const;
    setImmediate(() => this.#peer.fail(failure));
    this.#checkOver();
  }

  whenSent(done: () => void): void {
    done();
  }

  stopReceiving(code: number): void {
    if (this.#receiving === 'ended') return;
    this.#endReceiving();
    setImmediate(() => this.#peer.#onStopSending(code));
  }

  cancel(code: number): void {
    this.resetSending(code);
    this.stopReceiving(code);
  }

  setPriority(): void {
    // Nothing to schedule here.
  }

  /** Receiving fails, or the connection does. */
  fail(failure: StreamFailure): void {
    const isOver = this.#receiving === 'ended' && (failure.scope === 'stream' || this.#sending !== 'open');
    if (isOver) return;
    if (failure.scope === 'connection' || this.#role === 'client') this.#sending = 'reset';
    this.#endReceiving();
    this.#events?.onFailed(failure);
  }

  /** Nothing arrives here. */
  vanish(): void {
    this.#receiving = 'ended';
  }

  breakBoth(): void {
    const failure = { source: 'remote', scope: 'connection', code: undefined, reason: 'idle' } as const;
    this.fail({ ...failure, untouched: false });
    this.#peer.fail({ ...failure, untouched: false });
  }

  #send(item: Item): void {
    if (this.#sending !== 'open' || this.#peer.#receiving === 'ended') return;
    this.#peer.#inbox.push(item);
    if (item.kind === 'data') this.#peer.#inboxBytes += item.chunk.length;
    this.#peer.#schedule();
  }

  #schedule(): void {
    if (this.#isScheduled) return;
    this.#isScheduled = true;
    setImmediate(() => {
      this.#isScheduled = false;
      this.#deliver();
    });
  }

  #deliver(): void {
    while (!this.#isPaused && this.#receiving === 'open') {
      const item = this.#inbox.shift();
      if (item === undefined) break;
      this.#deliverItem(item);
    }
    if (this.#inboxBytes < WINDOW / 2) this.#peer.#onRoom();
  }

  #deliverItem(item: Item): void {
    if (item.kind === 'headers') {
      this.#deliverHead(item.fields);
    } else if (item.kind === 'data') {
      this.#inboxBytes -= item.chunk.length;
      this.#received += item.chunk.length;
      if (this.#declared !== undefined && this.#received > this.#declared) this.#malformed();
      else this.#events?.onData(item.chunk);
    } else if (item.kind === 'trailers') {
      this.#events?.onTrailers(item.fields);
    } else if (this.#declared !== undefined && this.#received < this.#declared && !this.#peer.#isAnswerBare) {
      this.#malformed();
    } else {
      this.#endReceiving();
      this.#events?.onEnd();
    }
  }

  #deliverHead(fields: FieldLines): void {
    const status = fieldValue(fields, ':status');
    if (status?.startsWith('1')) {
      this.#events?.onInterim(fields);
      return;
    }
    const length = fieldValue(fields, 'content-length');
    this.#declared = length === undefined ? undefined : Number(length);
    if (status === '304') this.#bodiless = true;
    if (status === undefined) this.#events = this.#tunnel.accept(this, fields);
    else this.#events?.onHeaders(fields);
  }

  // The answer to HEAD, and a 304, declare a length that they do not have.
  get #isAnswerBare(): boolean {
    return this.#bodiless || this.#peer.#bodiless;
  }

  #malformed(): void {
    const code = Code.H3_MESSAGE_ERROR;
    this.fail({ source: 'local', scope: 'stream', code, reason: 'malformed message', untouched: false });
    setImmediate(() => this.#peer.#onStopSending(code));
  }

  #onStopSending(code: number): void {
    if (this.#sending !== 'open') return;
    this.#sending = 'reset';
    this.#events?.onStopped(code);
    this.#checkOver();
  }

  #onRoom(): void {
    if (!this.#mustDrain || this.#sending !== 'open') return;
    this.#mustDrain = false;
    this.#events?.onDrain();
  }

  #endReceiving(): void {
    this.#receiving = 'ended';
    this.#inbox = [];
    this.#inboxBytes = 0;
    this.#checkOver();
  }

  #checkOver(): void {
    if (this.#sending !== 'open' && this.#receiving === 'ended') this.#tunnel.live.delete(this);
  }
}
