import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import { type EngineConnection, SHUTDOWN_READ, type StreamCallFailure, streamCallFailure } from './native.ts';
import type { QuicEvents } from './port.ts';
import { ReadSlab } from './read-slab.ts';
import type { Stream } from './stream.ts';

/** Stands for the code of a RESET_STREAM that the engine has forgotten. */
const FORGOTTEN_CODE = 0;

const EMPTY = Buffer.alloc(0);

export interface StreamReaderEvents {
  /** Nothing more comes of the stream. */
  onReceived(stream: Stream): void;
  /** The peer reset it. */
  onCancelled(stream: Stream): void;
  /** The peer reset it, or it failed, before its end. */
  onCutShort(stream: Stream): void;
}

/** Takes out of the engine what came of a stream, and hands it to the events. */
export class StreamReader {
  readonly #engine: Pick<EngineConnection, 'streamRecv' | 'streamShutdown'>;
  readonly #events: Pick<QuicEvents, 'onStreamData' | 'onStreamReset'>;
  readonly #owner: StreamReaderEvents;
  readonly #slab: ReadSlab = new ReadSlab();

  /** Bytes and pieces in all. */
  bytes = 0;
  pieces = 0;

  constructor(
    engine: Pick<EngineConnection, 'streamRecv' | 'streamShutdown'>,
    events: Pick<QuicEvents, 'onStreamData' | 'onStreamReset'>,
    owner: StreamReaderEvents,
  ) {
    this.#engine = engine;
    this.#events = events;
    this.#owner = owner;
  }

  /**
   * Reads up to `room` bytes, or a piece more, unless the stream is paused, and returns how many came. A piece is the least
   * that is read when it is later than `until` already.
   */
  read(stream: Stream, room: number, until: number): number {
    let total = 0;
    while (total < room && !stream.paused) {
      const got = this.#receive(stream, this.#slab.room());
      if (got === null) break;
      const [length, fin] = got;
      total += length;
      this.pieces++;
      this.#deliver(stream, length, fin);
      if (fin || performance.now() >= until) break;
    }
    this.bytes += total;
    stream.taken += total;
    return total;
  }

  /** Throws away what has come. True: the end was there. */
  hasDiscarded(stream: Stream): boolean {
    for (;;) {
      const got = this.#receive(stream, this.#slab.room());
      if (got?.[1]) return true;
      if (got === null || got[0] === 0) return false;
    }
  }

  /** Takes an end that stands alone, and a reset. An empty read moves nothing, but tells of both. */
  readEnd(stream: Stream): void {
    const got = this.#receive(stream, EMPTY);
    if (got === null || !got[1]) return;
    stream.endHeld = true;
    // The engine goes on showing the end until something is read, unless it has just forgotten the stream.
    try {
      this.#engine.streamRecv(stream.id, this.#slab.room());
    } catch {}
  }

  /** Hands on an end that was taken while the stream was paused. */
  deliverHeldEnd(stream: Stream): void {
    // It may have been paused again since.
    if (stream.paused || !stream.endHeld) return;
    stream.endHeld = false;
    this.#deliver(stream, 0, true);
  }

  /** A reset behind the end drops what has not been read, and the engine does not tell of it (RFC 9000 §3.1, §3.2). */
  vanished(stream: Stream): void {
    this.#owner.onCancelled(stream);
    this.#owner.onReceived(stream);
    this.#events.onStreamReset(stream.id, FORGOTTEN_CODE);
  }

  #receive(stream: Stream, into: Buffer): [number, boolean] | null {
    try {
      return this.#engine.streamRecv(stream.id, into);
    } catch (error) {
      this.#failed(stream, streamCallFailure(error));
      return null;
    }
  }

  #deliver(stream: Stream, length: number, fin: boolean): void {
    const open = stream.receiving === 'open';
    const chunk = length === 0 ? EMPTY : this.#slab.take(length);
    if (fin) this.#owner.onReceived(stream);
    if (open) this.#events.onStreamData(stream.id, chunk, fin);
  }

  #failed(stream: Stream, failure: StreamCallFailure): void {
    const open = stream.receiving === 'open';
    // A peer may answer our reset with its own.
    if (open && failure.kind === 'reset') this.#owner.onCancelled(stream);
    // The engine goes on counting a reset stream as readable, and as open with it, until it is told to drop it.
    try {
      this.#engine.streamShutdown(stream.id, SHUTDOWN_READ, 0);
    } catch {
      // Over in the engine already.
    }
    this.#owner.onReceived(stream);
    // What we stopped ourselves was counted then.
    if (open) this.#owner.onCutShort(stream);
    if (open && failure.kind === 'reset') this.#events.onStreamReset(stream.id, failure.code);
  }
}
