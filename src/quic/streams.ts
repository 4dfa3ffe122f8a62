import { performance } from 'node:perf_hooks';
import { IdMap } from '../bytes/id-map.ts';
import { Abandoned } from './abandoned.ts';
import { Delivery, type StreamOwner } from './delivery.ts';
import { FreshStreams } from './fresh-streams.ts';
import type { Delivered } from './junk-budget.ts';
import { type EngineConnection, SHUTDOWN_READ, SHUTDOWN_WRITE } from './native.ts';
import type { QuicOptions } from './options.ts';
import { type PlaceKeeping, Places } from './places.ts';
import { isUnidirectional, type QuicEvents, type Role, type StreamId } from './port.ts';
import { type SendHalf, SendQueue, type SendQueueEvents } from './send-queue.ts';
import { Stream } from './stream.ts';
import { StreamCredit, type StreamDirection } from './stream-credit.ts';
import { StreamReader, type StreamReaderEvents } from './stream-reader.ts';

/** With more streams than this, each new one is asked whether the peer has stopped it already. */
const CROWD = 128;

/** Most streams that one sweep asks about: half a millisecond of work. */
const SWEEP = 512;

/** The streams of one connection: reading, writing, and when each is over (RFC 9000 §3). */
export class Streams implements SendQueueEvents, StreamReaderEvents, StreamOwner {
  readonly #engine: EngineConnection;
  readonly #role: Role;
  readonly #events: QuicEvents;
  readonly streams = new IdMap<Stream>();
  readonly #credit: StreamCredit;
  readonly #reader: StreamReader;
  readonly sending: SendQueue;
  readonly abandoned: Abandoned;
  /** The sweep under way: streams that come and go meanwhile are no matter to it. */
  #sweeping: IterableIterator<Stream> | undefined;
  readonly #fresh: FreshStreams;
  readonly #delivery: Delivery;
  readonly #places: Places;
  /** Streams that we stopped: what had come of them was thrown away unread. */
  #stopped = 0;
  #everOpened = 0;
  #spoilt = 0;
  /** Bidirectional ones that are not over. */
  #requests = 0;

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
    this.#fresh = new FreshStreams(engine);
    this.sending = new SendQueue(engine, options.sendWindow, this);
    this.abandoned = new Abandoned(options.initialWindow);
    this.#credit = new StreamCredit(engine, role, events, () => this.#fresh.makeKnown());
    this.#reader = new StreamReader(engine, events, this);
    this.#delivery = new Delivery(engine, this.#reader, this, role === 'server' ? 0 : 1);
    this.#places = new Places(role, options.maxConcurrentStreams, keeping);
  }

  /** Streams that are not over. */
  get count(): number {
    return this.streams.size;
  }

  /** Streams that there ever were. */
  get everOpened(): number {
    return this.#everOpened;
  }

  /** Streams that are over, and did not run to their end. */
  get spoilt(): number {
    return this.#spoilt;
  }

  /** It is the peer's turn, which owes responses or the next request. */
  get isPeersTurn(): boolean {
    return this.#role === 'client' ? this.#requests > 0 : this.#requests === 0;
  }

  /** Pieces of streams that came so far. */
  get pieces(): number {
    return this.#reader.pieces;
  }

  /** What came of streams. `credit`: most of one stream that can be unread. */
  delivered(credit: number): Delivered {
    let paused = 0;
    for (const stream of this.streams.values()) if (stream.paused) paused++;
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
    this.#places.lost(this.streams.values(), now);
  }

  open(direction: StreamDirection): StreamId | undefined {
    const id = this.#credit.take(direction);
    if (id === undefined) return undefined;
    this.#fresh.add(this.#add(id, performance.now()));
    if (direction === 'unidirectional') {
      this.#fresh.makeKnown();
      this.sending.useGauge(id);
    }
    return id;
  }

  /** To be called after the engine was given what there was to send ({@link FreshStreams.makeKnown}). */
  makeKnown(): void {
    this.#fresh.makeKnown();
  }

  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean {
    const stream = this.streams.get(id);
    return stream === undefined || this.sending.write(stream, chunk, fin);
  }

  finish(id: StreamId): boolean {
    const stream = this.streams.get(id);
    return stream === undefined || this.sending.finish(stream);
  }

  reset(id: StreamId, code: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined || stream.phase === 'done') return;
    this.#fresh.makeKnown();
    this.sending.drop(stream);
    this.abandoned.add(stream.given);
    this.#shutdown(id, SHUTDOWN_WRITE, code);
    if (stream.fate === 'good') stream.fate = 'broken';
    this.#forget(stream);
  }

  stop(id: StreamId, code: number): void {
    const stream = this.streams.get(id);
    if (stream === undefined || stream.receiving !== 'open') return;
    this.#fresh.makeKnown();
    stream.receiving = 'stopped';
    this.#stopped++;
    this.abandoned.add(stream.taken);
    // Of one whose other half is done the engine gives the place back when its end is read, and not when reading is stopped.
    if (stream.phase === 'done' && this.#reader.hasDiscarded(stream)) this.onReceived(stream);
    else this.#shutdown(id, SHUTDOWN_READ, code);
  }

  pause(id: StreamId): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) stream.paused = true;
  }

  /** True when there may be something to deliver. */
  resume(id: StreamId): boolean {
    const stream = this.streams.get(id);
    if (!stream?.paused) return false;
    stream.paused = false;
    this.#delivery.resumed(stream);
    return true;
  }

  setPriority(id: StreamId, urgency: number, incremental: boolean): void {
    const stream = this.streams.get(id);
    if (stream !== undefined) this.sending.prioritise(stream, urgency, incremental);
  }

  /** Hands what has arrived to the events, as {@link Delivery.deliver}. */
  deliver(patience: number): boolean {
    this.#places.askAgain();
    return this.#delivery.deliver(patience);
  }

  /**
   * Asks the engine about streams that would otherwise not tell: stopped or reset by the peer, or over. True: there are
   * more to ask. A peer may have ten thousand streams open, and pay one datagram for a question about each.
   */
  sweep(patience: number): boolean {
    this.#fresh.makeKnown();
    const until = performance.now() + patience;
    this.#sweeping ??= this.streams.values();
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
    return this.#credit.starvedAt(now, this.#requests > 0);
  }

  onStopped(half: SendHalf, code: number): void {
    this.abandoned.add(half.given);
    const stream = this.streams.get(half.id);
    if (stream !== undefined) this.onCancelled(stream);
    this.#events.onStreamStopped(half.id, code);
  }

  onDrain(half: SendHalf): void {
    this.#events.onStreamDrain(half.id);
  }

  onDone(half: SendHalf): void {
    const stream = this.streams.get(half.id);
    if (stream !== undefined) this.#forget(stream);
    this.#events.onStreamSent(half.id);
  }

  /**
   * A stream that the engine wants to be read, if it is the peer's and there is room for another. It may be one that is over: of
   * a reset behind its end the engine holds the place until it has been read.
   */
  accept(id: StreamId): Stream | undefined {
    const now = performance.now();
    if (!this.#places.take(id, now)) return undefined;
    const stream = this.#add(id, now);
    // The peer may have given up some already: work for them need not begin.
    if (this.streams.size > CROWD || this.#places.areDoubtful) this.#ask(stream);
    return stream;
  }

  hasPlace(now: number): boolean {
    return this.#places.want(now);
  }

  #add(id: StreamId, now: number): Stream {
    const stream = new Stream(id, this.#role, now);
    this.streams.set(id, stream);
    this.#everOpened++;
    if (!isUnidirectional(id)) this.#requests++;
    this.#delivery.opened(id);
    return stream;
  }

  onReceived(stream: Stream): void {
    stream.receiving = 'done';
    this.#forget(stream);
  }

  onCancelled(stream: Stream): void {
    if (stream.fate !== 'good') return;
    stream.fate = 'cancelled';
    this.#places.cancelled(stream, performance.now());
  }

  onCutShort(stream: Stream): void {
    this.abandoned.add(stream.taken);
  }

  #forget(stream: Stream): void {
    if (stream.phase !== 'done' || stream.receiving !== 'done' || !this.streams.delete(stream.id)) return;
    if (!isUnidirectional(stream.id)) this.#requests--;
    if (stream.fate !== 'good') this.#spoilt++;
    this.#places.release(stream);
  }

  #shutdown(id: StreamId, direction: number, code: number): void {
    try {
      this.#engine.streamShutdown(id, direction, code);
    } catch {
      // Over in the engine already: there is nothing left to shut down.
    }
  }
}
