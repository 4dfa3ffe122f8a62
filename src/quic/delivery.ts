import { performance } from 'node:perf_hooks';
import type { IdMap } from '../bytes/id-map.ts';
import type { EngineConnection } from './native.ts';
import type { StreamId } from './port.ts';
import { ReadingOrder } from './reading-order.ts';
import type { Stream } from './stream.ts';
import { StreamList } from './stream-list.ts';
import type { StreamReader } from './stream-reader.ts';

/** Most bytes of one stream, and of all, that one turn of the event loop delivers. */
const STREAM_BYTES_PER_TURN = 256 * 1024;
const BYTES_PER_TURN = 1024 * 1024;

/**
 * So many streams are asked one by one whether they have something; also more, if they are no more than this part of those that
 * the engine would list in vain.
 */
const FEW = 128;
const PART = 1 / 8;

/** How often the engine's list is asked for at most, milliseconds, while new requests take all the time that there is. */
const LIST_INTERVAL = 50;

/** What is needed of the engine. */
type ReadingEngine = Pick<EngineConnection, 'isReadable' | 'readable' | 'streamReadable'>;

/** Who decides which streams of the peer are looked after. */
export interface StreamOwner {
  /** Those that are, and whose end is not known. */
  readonly streams: Pick<IdMap<Stream>, 'size' | 'get' | 'has' | 'values'>;
  /** Looks after another one, if there is a place for it. */
  accept(id: StreamId): Stream | undefined;
  /** Whether a request would find a place. If not, {@link Delivery.deliver} is to be called when one does. */
  hasPlace(now: number): boolean;
}

/** What one turn of the event loop may deliver. */
class Allowance {
  #left = BYTES_PER_TURN;
  /** When its time is over: milliseconds of `performance.now()`. */
  readonly until: number;

  constructor(patience: number) {
    this.until = performance.now() + patience;
  }

  /** Most bytes of the next stream. */
  get room(): number {
    return Math.min(this.#left, STREAM_BYTES_PER_TURN);
  }

  get isSpent(): boolean {
    return this.#left <= 0 || performance.now() >= this.until;
  }

  spend(bytes: number): void {
    this.#left -= bytes;
  }
}

/** What came of all streams, handed on in turns of the event loop: which stream is read when, and how much of it. */
export class Delivery {
  readonly #engine: ReadingEngine;
  readonly #reader: StreamReader;
  readonly #owner: StreamOwner;
  readonly #order: ReadingOrder<Stream>;
  /** Streams that were resumed after their end had been seen. */
  readonly #heldEnds: Stream[] = [];
  /** The peer's next request, when none is skipped. */
  #expected: StreamId;
  /**
   * What is left of the engine's list, which decides whose turn it is when one had more than a turn takes. It is gone through
   * to its end before there is another: of ten thousand streams it is a tenth of a megabyte for the garbage collector.
   */
  #listed: StreamList | undefined;
  #listedAt = Number.NEGATIVE_INFINITY;
  /** Streams in that list that there was no place for. */
  #unplaced = 0;

  /** `first`: the peer's first request. */
  constructor(engine: ReadingEngine, reader: StreamReader, owner: StreamOwner, first: StreamId) {
    this.#engine = engine;
    this.#reader = reader;
    this.#owner = owner;
    this.#order = new ReadingOrder(owner.streams);
    this.#expected = first;
  }

  /** A stream is there. */
  opened(id: StreamId): void {
    this.#order.opened(id);
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
    const allowance = new Allowance(patience);
    if (this.#listed !== undefined && !this.#hasReadListed(this.#listed, allowance)) return true;
    if (this.#hasReadKnown(allowance)) {
      const isNextRead = this.#hasReadNext(allowance);
      if (!this.#engine.isReadable()) {
        this.#unplaced = 0;
        return false;
      }
      // What is readable nevertheless can only be streams that there is no place for.
      const now = performance.now();
      if (!this.#owner.hasPlace(now)) return false;
      if (!isNextRead && now < this.#listedAt + LIST_INTERVAL) return true;
    }
    return this.#engine.isReadable() && !this.#hasReadListed(this.#list(), allowance);
  }

  /**
   * Asks those that are likely to have something, until nothing is left, unless they are too many: the engine's list costs twenty
   * microseconds, and five handles that the garbage collector has to look after; mostly it is empty then. With ten thousand
   * streams in it that there is no place for, it costs as many microseconds.
   */
  #hasReadKnown(allowance: Allowance): boolean {
    const { streams } = this.#owner;
    if (streams.size > Math.max(FEW, PART * this.#unplaced)) return false;
    for (const stream of this.#order.streams()) {
      // Of a stream that the engine has forgotten, the sweep finds out how it ended.
      if (stream.paused || stream.receiving !== 'open' || !this.#engine.streamReadable(stream.id)) continue;
      if (this.#hasReadAllowance(stream, allowance)) return false;
      // Behind the last that has something, the others need not be asked.
      if (!this.#engine.isReadable()) break;
    }
    return true;
  }

  /** Reads one request after the other that is new, in the peer's order. */
  #hasReadNext(allowance: Allowance): boolean {
    while (this.#engine.streamReadable(this.#expected)) {
      const stream = this.#owner.accept(this.#expected);
      if (stream === undefined) return true;
      if (this.#hasReadAllowance(stream, allowance)) return false;
    }
    return true;
  }

  #list(): StreamList {
    this.#listed = new StreamList(this.#engine.readable());
    this.#listedAt = performance.now();
    this.#unplaced = 0;
    return this.#listed;
  }

  #hasReadListed(list: StreamList, allowance: Allowance): boolean {
    while (!allowance.isSpent) {
      const id = list.next();
      if (id === undefined) {
        this.#listed = undefined;
        return true;
      }
      const stream = this.#owner.streams.get(id) ?? this.#owner.accept(id);
      if (stream === undefined) this.#unplaced++;
      else if (!stream.paused && this.#hasReadAllowance(stream, allowance)) return false;
    }
    return false;
  }

  /** Whether nothing is left of the allowance, or not all of the stream was read. */
  #hasReadAllowance(stream: Stream, allowance: Allowance): boolean {
    if (stream.receiving === 'done') return allowance.isSpent;
    const { room } = allowance;
    const bytes = this.#reader.read(stream, room, allowance.until);
    allowance.spend(bytes);
    return bytes >= room || allowance.isSpent;
  }
}
