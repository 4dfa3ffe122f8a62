import { Abandoned } from './abandoned.ts';
import { type Cancellations, LIVED } from './cancellations.ts';
import type { Delivered } from './junk-budget.ts';
import { type EngineConnection, SHUTDOWN_READ, SHUTDOWN_WRITE } from './native.ts';
import type { QuicOptions } from './options.ts';
import { Places } from './places.ts';
import { isServerInitiated, isUnidirectional, type QuicEvents, type Role, type StreamId } from './port.ts';
import { type SendHalf, SendQueue, type SendQueueEvents } from './send-queue.ts';
import { newStream, type Stream } from './stream.ts';
import { StreamCredit, type StreamDirection } from './stream-credit.ts';
import { StreamList } from './stream-list.ts';
import { StreamReader, type StreamReaderEvents } from './stream-reader.ts';

/** Most bytes of one stream, and of all, that one turn of the event loop delivers. */
const STREAM_BYTES_PER_TURN = 256 * 1024;
const BYTES_PER_TURN = 1024 * 1024;

/** So many streams are asked one by one whether they have something. */
const FEW = 64;

/** Most streams that one sweep asks about: half a millisecond of work. */
const SWEEP = 512;

const EMPTY = Buffer.alloc(0);

/** Whose cancelled streams keep their places for a while, and who hears when one does. */
export interface PlaceKeeping {
  readonly cancellations: Cancellations;
  readonly onKept: () => void;
}

/** The streams of one connection: reading, writing, and when each is over (RFC 9000 §3). */
export class Streams implements SendQueueEvents, StreamReaderEvents {
  readonly #engine: EngineConnection;
  readonly #role: Role;
  readonly #events: QuicEvents;
  readonly #streams = new Map<StreamId, Stream>();
  readonly #credit: StreamCredit;
  readonly #reader: StreamReader;
  readonly sending: SendQueue;
  readonly abandoned: Abandoned;
  /** Streams that were resumed after their end had been seen. */
  readonly #heldEnds: Stream[] = [];
  /** The sweep under way: streams that come and go meanwhile are no matter to it. */
  #sweeping: IterableIterator<Stream> | undefined;
  /** The peer's next request, when none is skipped. */
  #expected: StreamId;
  /**
   * What is left of the engine's list, which decides whose turn it is when one had more than a turn takes. It is gone through
   * to its end before there is another: of ten thousand streams it is a tenth of a megabyte for the garbage collector.
   */
  #listed: StreamList | undefined;
  readonly #places: Places;
  /** Streams that we stopped: what had come of them was thrown away unread. */
  #stopped = 0;
  #everOpened = 0;

  constructor(
    engine: EngineConnection,
    role: Role,
    options: Pick<QuicOptions, 'sendWindow' | 'initialWindow' | 'maxConcurrentStreams'>,
    events: QuicEvents,
    keeping: PlaceKeeping,
  ) {
    this.#engine = engine;
    this.#role = role;
    this.#events = events;
    this.sending = new SendQueue(engine, options.sendWindow, this);
    this.abandoned = new Abandoned(options.initialWindow);
    this.#credit = new StreamCredit(engine, role, events);
    this.#reader = new StreamReader(engine, events, this);
    this.#expected = role === 'server' ? 0 : 1;
    this.#places = new Places(options.maxConcurrentStreams, keeping.cancellations, keeping.onKept);
  }

  /** Streams that are not over. */
  get count(): number {
    return this.#streams.size;
  }

  /** Streams that there ever were. */
  get everOpened(): number {
    return this.#everOpened;
  }

  /** What came of streams. `credit`: most of one stream that can be unread. */
  delivered(credit: number): Delivered {
    let paused = 0;
    for (const stream of this.#streams.values()) if (stream.paused) paused++;
    const { bytes, pieces } = this.#reader;
    return { bytes, pieces, unread: credit * (paused + this.#stopped) };
  }

  /** There is room for streams of the peer that had to wait. */
  hasRoomAgain(now: number): boolean {
    return this.#places.hasRoomAgain(now);
  }

  /** When there may be, if no stream is over before. */
  roomAt(now: number): number {
    return this.#places.roomAt(now);
  }

  /** The connection is over, and with it what the peer had begun. */
  ended(now: number): void {
    let lost = 0;
    for (const stream of this.#streams.values()) if (this.#isYoungRequest(stream, now)) lost++;
    this.#places.lost(lost, now);
  }

  open(direction: StreamDirection): StreamId | undefined {
    const id = this.#credit.take(direction);
    if (id === undefined) return undefined;
    // An empty write makes the stream exist: a skipped identifier would cost the peer's credit for good.
    this.#engine.streamSend(id, EMPTY, false);
    this.#add(id, performance.now());
    if (direction === 'unidirectional') this.sending.useGauge(id);
    return id;
  }

  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean {
    const stream = this.#streams.get(id);
    return stream === undefined || this.sending.write(stream, chunk, fin);
  }

  reset(id: StreamId, code: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.phase === 'done') return;
    this.sending.drop(stream);
    this.abandoned.add(stream.given);
    this.#shutdown(id, SHUTDOWN_WRITE, code);
    this.#forget(stream);
  }

  stop(id: StreamId, code: number): void {
    const stream = this.#streams.get(id);
    if (stream === undefined || stream.receiving !== 'open') return;
    stream.receiving = 'stopped';
    this.#stopped++;
    this.abandoned.add(stream.taken);
    this.#shutdown(id, SHUTDOWN_READ, code);
  }

  pause(id: StreamId): void {
    const stream = this.#streams.get(id);
    if (stream !== undefined) stream.paused = true;
  }

  /** True when there may be something to deliver. */
  resume(id: StreamId): boolean {
    const stream = this.#streams.get(id);
    if (!stream?.paused) return false;
    stream.paused = false;
    if (stream.endHeld) this.#heldEnds.push(stream);
    return true;
  }

  setPriority(id: StreamId, urgency: number, incremental: boolean): void {
    const stream = this.#streams.get(id);
    if (stream !== undefined) this.sending.prioritise(stream, urgency, incremental);
  }

  /**
   * Hands what has arrived to the events, for `patience` (ms) or a piece longer: few bytes can make much work. True: a bound
   * was met and there is more.
   */
  deliver(patience: number): boolean {
    for (const stream of this.#heldEnds.splice(0)) this.#reader.deliverHeldEnd(stream);
    this.#places.askAgain();
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
    return hasTime && this.#streams.size <= FEW && this.#places.isFull(now);
  }

  /**
   * Reads those that are likely to have something, asking about each, and returns how many bytes came: the engine's list
   * costs twenty microseconds, and five handles that the garbage collector has to look after. Mostly it is empty then.
   */
  #readUnlisted(until: number): number {
    let bytes = 0;
    if (this.#streams.size <= FEW) {
      for (const stream of this.#streams.values()) {
        // Of a stream that the engine has forgotten, the sweep finds out how it ended.
        if (stream.paused || stream.receiving !== 'open' || !this.#engine.streamReadable(stream.id)) continue;
        bytes += this.#reader.read(stream, STREAM_BYTES_PER_TURN, until);
        if (bytes >= STREAM_BYTES_PER_TURN || performance.now() >= until) return bytes;
      }
    }
    while (bytes < STREAM_BYTES_PER_TURN && this.#engine.streamReadable(this.#expected)) {
      const stream = this.#accept(this.#expected);
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
      const stream = this.#streams.get(id) ?? this.#acceptUnlessStopped(id);
      if (stream === undefined || stream.paused) continue;
      const room = Math.min(left - bytes, STREAM_BYTES_PER_TURN);
      const read = this.#reader.read(stream, room, until);
      bytes += read;
      if (read >= room) break;
    }
    return bytes;
  }

  /**
   * Asks the engine about streams that would otherwise not tell: stopped or reset by the peer, or over. True: there are
   * more to ask. A peer may have ten thousand streams open, and pay one datagram for a question about each.
   */
  sweep(patience: number): boolean {
    const until = performance.now() + patience;
    this.#sweeping ??= this.#streams.values();
    for (let count = 0; count < SWEEP && performance.now() < until; count++) {
      const { value: stream, done } = this.#sweeping.next();
      if (done === true) {
        this.#sweeping = undefined;
        return false;
      }
      this.#ask(stream);
    }
    return true;
  }

  #ask(stream: Stream): void {
    this.sending.check(stream);
    // Many streams may be paused: too many to ask in every turn.
    if (stream.paused && stream.receiving === 'open') this.#reader.readEnd(stream);
    if (stream.receiving === 'done' || !this.#engine.streamFinished(stream.id)) return;
    if (stream.receiving === 'stopped') this.onReceived(stream);
    else if (!stream.endHeld && !this.#engine.streamReadable(stream.id)) this.#reader.vanished(stream);
  }

  /** After datagrams came: whoever was refused a stream may ask again. */
  offerStreams(): void {
    this.#credit.offer();
  }

  /** When the connection is of no more use for want of streams ({@link StreamCredit.starvedAt}). */
  starvedAt(now: number): number {
    return this.#credit.starvedAt(now, () => this.#hasRequests());
  }

  #hasRequests(): boolean {
    for (const { id } of this.#streams.values()) {
      if (!isUnidirectional(id) && isServerInitiated(id) === (this.#role === 'server')) return true;
    }
    return false;
  }

  onStopped(half: SendHalf, code: number): void {
    this.abandoned.add(half.given);
    const stream = this.#streams.get(half.id);
    if (stream !== undefined) stream.cancelled = true;
    this.#events.onStreamStopped(half.id, code);
  }

  onDrain(half: SendHalf): void {
    this.#events.onStreamDrain(half.id);
  }

  onDone(half: SendHalf): void {
    const stream = this.#streams.get(half.id);
    if (stream !== undefined) this.#forget(stream);
    this.#events.onStreamSent(half.id);
  }

  /**
   * A stream that the engine wants to be read, if it is the peer's and there is room for another. It may be one that is over: of
   * a reset behind its end the engine holds the place until it has been read.
   */
  #accept(id: StreamId): Stream | undefined {
    if (!this.#isPeers(id)) return undefined;
    const now = performance.now();
    const hasPlace = isUnidirectional(id) ? this.#places.takeAnyway() : this.#places.take(now);
    return hasPlace ? this.#add(id, now) : undefined;
  }

  /** Where many come at once, the peer may have given up some already: work for them need not begin. */
  #acceptUnlessStopped(id: StreamId): Stream | undefined {
    const stream = this.#accept(id);
    if (stream === undefined || this.#streams.size <= FEW) return stream;
    this.sending.check(stream);
    return stream.receiving === 'open' ? stream : undefined;
  }

  #isPeers(id: StreamId): boolean {
    return isServerInitiated(id) !== (this.#role === 'server');
  }

  #add(id: StreamId, now: number): Stream {
    const stream = newStream(id, this.#role, now);
    this.#streams.set(id, stream);
    this.#everOpened++;
    // The two low bits are the stream's type (RFC 9000 §2.1).
    if (id >= this.#expected && (id & 3) === (this.#expected & 3)) this.#expected = id + 4;
    return stream;
  }

  onReceived(stream: Stream): void {
    stream.receiving = 'done';
    this.#forget(stream);
  }

  onCutShort(stream: Stream): void {
    this.abandoned.add(stream.taken);
  }

  #forget(stream: Stream): void {
    if (stream.phase !== 'done' || stream.receiving !== 'done' || !this.#streams.delete(stream.id)) return;
    if (!this.#isPeers(stream.id)) return;
    this.#places.release();
    if (!stream.cancelled) {
      this.#places.completed();
      return;
    }
    const now = performance.now();
    if (this.#isYoungRequest(stream, now)) this.#places.cancelled(now);
  }

  #isYoungRequest({ id, since }: Stream, now: number): boolean {
    return this.#isPeers(id) && !isUnidirectional(id) && now - since < LIVED;
  }

  #shutdown(id: StreamId, direction: number, code: number): void {
    try {
      this.#engine.streamShutdown(id, direction, code);
    } catch {
      // Over in the engine already: there is nothing left to shut down.
    }
  }
}
