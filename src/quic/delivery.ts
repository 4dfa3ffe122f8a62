import type { EngineConnection } from './native.ts';
import type { StreamId } from './port.ts';
import type { Stream } from './stream.ts';
import { StreamList } from './stream-list.ts';
import type { StreamReader } from './stream-reader.ts';

/** Most bytes of one stream, and of all, that one turn of the event loop delivers. */
const STREAM_BYTES_PER_TURN = 256 * 1024;
const BYTES_PER_TURN = 1024 * 1024;

/** So many streams are asked one by one whether they have something. */
const FEW = 64;

/** What is needed of the engine. */
type ReadingEngine = Pick<EngineConnection, 'isReadable' | 'readable' | 'streamReadable'>;

/** Who decides which streams of the peer are looked after. */
export interface StreamOwner {
  /** Those that are, and whose end is not known. */
  readonly streams: ReadonlyMap<StreamId, Stream>;
  /** Looks after another one, if there is a place for it. */
  accept(id: StreamId): Stream | undefined;
  /** Whether no request finds a place. */
  isFull(now: number): boolean;
}

/** What came of all streams, handed on in turns of the event loop: which stream is read when, and how much of it. */
export class Delivery {
  readonly #engine: ReadingEngine;
  readonly #reader: StreamReader;
  readonly #owner: StreamOwner;
  /** Streams that were resumed after their end had been seen. */
  readonly #heldEnds: Stream[] = [];
  /** The peer's next request, when none is skipped. */
  #expected: StreamId;
  /**
   * What is left of the engine's list, which decides whose turn it is when one had more than a turn takes. It is gone through
   * to its end before there is another: of ten thousand streams it is a tenth of a megabyte for the garbage collector.
   */
  #listed: StreamList | undefined;

  /** `first`: the peer's first request. */
  constructor(engine: ReadingEngine, reader: StreamReader, owner: StreamOwner, first: StreamId) {
    this.#engine = engine;
    this.#reader = reader;
    this.#owner = owner;
    this.#expected = first;
  }

  /** A stream is there. */
  opened(id: StreamId): void {
    // The two low bits are the stream's type (RFC 9000 §2.1).
    if (id >= this.#expected && (id & 3) === (this.#expected & 3)) this.#expected = id + 4;
  }

  /** A stream may be read on. */
  resumed(stream: Stream): void {
    if (stream.endHeld) this.#heldEnds.push(stream);
  }

  /**
   * Hands what has arrived to the events, for `patience` (ms) or a piece longer: few bytes can make much work. True: a bound
   * was met and there is more.
   */
  deliver(patience: number): boolean {
    for (const stream of this.#heldEnds.splice(0)) this.#reader.deliverHeldEnd(stream);
    const until = performance.now() + patience;
    let left = BYTES_PER_TURN - (this.#listed === undefined ? this.#readUnlisted(until) : 0);
    if (this.#listed !== undefined) left -= this.#readListed(this.#listed, left, until);
    // Streams may have got something after they were passed.
    if (this.#listed === undefined && this.#engine.isReadable() && !this.#hasAskedAll(left, until)) {
      this.#listed = new StreamList(this.#engine.readable());
      this.#readListed(this.#listed, left, until);
    }
    return this.#listed !== undefined;
  }

  /** What is readable nevertheless can only be streams that there is no place for. */
  #hasAskedAll(left: number, until: number): boolean {
    const now = performance.now();
    const hasTime = left > BYTES_PER_TURN - STREAM_BYTES_PER_TURN && now < until;
    return hasTime && this.#owner.streams.size <= FEW && this.#owner.isFull(now);
  }

  /**
   * Reads those that are likely to have something, asking about each, and returns how many bytes came: the engine's list
   * costs twenty microseconds, and five handles that the garbage collector has to look after. Mostly it is empty then.
   */
  #readUnlisted(until: number): number {
    let bytes = 0;
    const { streams } = this.#owner;
    if (streams.size <= FEW) {
      for (const stream of streams.values()) {
        // Of a stream that the engine has forgotten, the sweep finds out how it ended.
        if (stream.paused || stream.receiving !== 'open' || !this.#engine.streamReadable(stream.id)) continue;
        bytes += this.#reader.read(stream, STREAM_BYTES_PER_TURN, until);
        if (bytes >= STREAM_BYTES_PER_TURN || performance.now() >= until) return bytes;
      }
    }
    while (bytes < STREAM_BYTES_PER_TURN && this.#engine.streamReadable(this.#expected)) {
      const stream = this.#owner.accept(this.#expected);
      if (stream === undefined) break;
      bytes += this.#reader.read(stream, STREAM_BYTES_PER_TURN, until);
      if (performance.now() >= until) break;
    }
    return bytes;
  }

  #readListed(list: StreamList, left: number, until: number): number {
    let bytes = 0;
    while (bytes < left && performance.now() < until) {
      const id = list.next();
      if (id === undefined) {
        this.#listed = undefined;
        break;
      }
      const stream = this.#owner.streams.get(id) ?? this.#owner.accept(id);
      if (stream === undefined || stream.paused) continue;
      const room = Math.min(left - bytes, STREAM_BYTES_PER_TURN);
      const read = this.#reader.read(stream, room, until);
      bytes += read;
      if (read >= room) break;
    }
    return bytes;
  }
}
