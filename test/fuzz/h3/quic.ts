import type { QuicEvents, QuicStreams, Role, StreamId } from '../../../src/quic/port.ts';
import { isUnidirectional } from '../../../src/quic/port.ts';
import type { Rules } from './rules.ts';

/** What comes of one stream of the peer's, or of its half of one of ours. */
export interface Incoming {
  /** On its way. */
  chunks: Uint8Array[];
  fin: boolean;
  paused: boolean;
  /** Nothing more will be delivered. */
  over: boolean;
  /** Delivered. */
  readonly received: Uint8Array[];
  ended: boolean;
}

/** Where goes what a session sends. */
export interface Wire {
  write(id: StreamId, chunk: Uint8Array, fin: boolean): void;
  reset(id: StreamId, code: number): void;
  stop(id: StreamId, code: number): void;
  close(code: number): void;
}

/**
 * QUIC as a session sees it, that keeps the contract of `quic/port.ts` to the letter, and sees that the session does.
 * What is delivered when, and whether there is room, is for the input to say.
 */
export class FuzzQuic implements QuicStreams {
  readonly role: Role;
  /** Streams that may still be opened. */
  readonly allowed = { bidirectional: 4, unidirectional: 0 };
  /** Whether `write` says that there is room. */
  room = true;
  events: QuicEvents | undefined;
  readonly closes: number[] = [];
  /** `onClosed` was called. */
  closed = false;
  /** Codes of all resets and stops. */
  readonly codes: number[] = [];
  readonly incoming = new Map<StreamId, Incoming>();
  readonly #wire: Wire;
  readonly #rules: Rules;
  readonly #full = new Set<StreamId>();
  /** Streams of which our half has ended, and those of which it was given up by either end. */
  readonly #ended = new Set<StreamId>();
  readonly #gone = new Set<StreamId>();
  /** Streams whose end was written, and waits for the peer's credit. */
  readonly #unsent = new Set<StreamId>();
  readonly #opened = { bidirectional: 0, unidirectional: 0 };

  constructor(role: Role, wire: Wire, rules: Rules) {
    this.role = role;
    this.#wire = wire;
    this.#rules = rules;
  }

  /** Bidirectional streams that we have opened. */
  get opened(): number {
    return this.#opened.bidirectional;
  }

  openStream(direction: 'bidirectional' | 'unidirectional'): StreamId | undefined {
    if (this.closed || this.allowed[direction] === 0) return undefined;
    this.allowed[direction]--;
    const kind = (direction === 'unidirectional' ? 2 : 0) + (this.role === 'server' ? 1 : 0);
    return 4 * this.#opened[direction]++ + kind;
  }

  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean {
    this.#rules.check(!this.#ended.has(id), 'nothing is written behind the end of a stream');
    this.#rules.check(!(isUnidirectional(id) && this.#full.has(id)), 'a critical stream waits for its drain');
    if (this.#gone.has(id) || this.closes.length > 0 || this.closed) return true;
    if (fin) {
      this.#ended.add(id);
      this.#unsent.add(id);
    }
    this.#wire.write(id, chunk, fin);
    if (!this.room) this.#full.add(id);
    return this.room;
  }

  finishStream(): boolean {
    return false;
  }

  resetStream(id: StreamId, errorCode: number): void {
    this.codes.push(errorCode);
    if (this.#isSent(id) || this.#gone.has(id)) return;
    this.#gone.add(id);
    this.#unsent.delete(id);
    this.#wire.reset(id, errorCode);
  }

  stopSending(id: StreamId, errorCode: number): void {
    this.codes.push(errorCode);
    const incoming = this.incomingOf(id);
    if (incoming.over) return;
    incoming.over = true;
    incoming.chunks = [];
    this.#wire.stop(id, errorCode);
  }

  pauseStream(id: StreamId): void {
    this.incomingOf(id).paused = true;
  }

  resumeStream(id: StreamId): void {
    this.incomingOf(id).paused = false;
  }

  setPriority(): void {}

  close(errorCode: number): void {
    this.closes.push(errorCode);
    this.#rules.check(this.closes.length === 1, 'a connection is closed once');
    this.#wire.close(errorCode);
  }

  incomingOf(id: StreamId): Incoming {
    const known = this.incoming.get(id);
    if (known !== undefined) return known;
    const fresh = { chunks: [], fin: false, paused: false, over: false, received: [], ended: false };
    this.incoming.set(id, fresh);
    return fresh;
  }

  /** Bytes arrive, and are delivered when {@link FuzzQuic.deliver} says so. */
  arrive(id: StreamId, chunk: Uint8Array, fin: boolean): void {
    const incoming = this.incomingOf(id);
    if (incoming.over || incoming.fin) return;
    incoming.chunks.push(chunk);
    incoming.fin = fin;
  }

  /** Delivers up to `most` bytes of a stream, and its end behind the last; false when there is nothing to be delivered. */
  deliver(id: StreamId, most: number): boolean {
    const incoming = this.incoming.get(id);
    if (incoming === undefined || this.closed || incoming.over || incoming.paused) return false;
    if (incoming.chunks.length === 0 && !incoming.fin) return false;
    const all = Buffer.concat(incoming.chunks);
    const chunk = Buffer.from(all.subarray(0, most));
    const fin = incoming.fin && chunk.length === all.length;
    if (chunk.length === 0 && !fin) return false;
    incoming.chunks = chunk.length < all.length ? [all.subarray(chunk.length)] : [];
    incoming.received.push(chunk);
    incoming.over = incoming.ended = fin;
    this.events?.onStreamData(id, chunk, fin);
    return true;
  }

  /** The peer reset its half. */
  reset(id: StreamId, code: number): void {
    const incoming = this.incomingOf(id);
    if (this.closed || incoming.over) return;
    incoming.over = true;
    incoming.chunks = [];
    this.events?.onStreamReset(id, code);
  }

  /** The peer wants no more of our half. */
  stopped(id: StreamId, code: number): void {
    if (this.closed || this.#isSent(id) || this.#gone.has(id)) return;
    this.#gone.add(id);
    this.#full.delete(id);
    this.events?.onStreamStopped(id, code);
    if (this.#unsent.delete(id)) this.events?.onStreamSent(id);
  }

  /** There is room again on every stream that had none. */
  drain(): void {
    this.room = true;
    for (const id of [...this.#full]) {
      this.#full.delete(id);
      if (!this.closed && !this.#gone.has(id)) this.events?.onStreamDrain(id);
    }
  }

  /** There is credit for all that was written. */
  send(): void {
    for (const id of [...this.#unsent]) {
      this.#unsent.delete(id);
      if (!this.closed) this.events?.onStreamSent(id);
    }
  }

  /** Whether our half of the stream was given up, by whomever. */
  isGone(id: StreamId): boolean {
    return this.#gone.has(id);
  }

  allow(direction: 'bidirectional' | 'unidirectional'): void {
    this.allowed[direction]++;
    if (!this.closed) this.events?.onStreamsAvailable();
  }

  end(source: 'local' | 'remote' | 'idle', code: number): void {
    if (this.closed) return;
    this.closed = true;
    this.events?.onClosed({ source, space: 'application', code, reason: 'the connection is over' });
  }

  #isSent(id: StreamId): boolean {
    return this.#ended.has(id) && !this.#unsent.has(id);
  }
}
