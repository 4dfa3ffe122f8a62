import { Abandoned } from './abandoned.ts';
import type { Delivered } from './junk-budget.ts';
import {
  type EngineConnection,
  SHUTDOWN_READ,
  SHUTDOWN_WRITE,
  type StreamCallFailure,
  streamCallFailure,
} from './native.ts';
import type { QuicOptions } from './options.ts';
import { isServerInitiated, isUnidirectional, type QuicEvents, type Role, type StreamId } from './port.ts';
import { ReadSlab } from './read-slab.ts';
import { type SendHalf, SendQueue, type SendQueueEvents } from './send-queue.ts';
import { newStream, type Stream } from './stream.ts';
import { StreamCredit, type StreamDirection } from './stream-credit.ts';

/** Most bytes of one stream, and of all, that one turn of the event loop delivers. */
const STREAM_BYTES_PER_TURN = 256 * 1024;
const BYTES_PER_TURN = 1024 * 1024;

/** Most streams that one sweep asks about: some hundred microseconds of work. */
const SWEEP = 256;

/** Stands for the code of a RESET_STREAM that the engine has forgotten. */
const FORGOTTEN_CODE = 0;

const EMPTY = Buffer.alloc(0);

/** The streams of one connection: reading, writing, and when each is over (RFC 9000 §3). */
export class Streams implements SendQueueEvents {
  readonly #engine: EngineConnection;
  readonly #role: Role;
  readonly #events: QuicEvents;
  readonly #streams = new Map<StreamId, Stream>();
  readonly #slab: ReadSlab = new ReadSlab();
  readonly #credit: StreamCredit;
  readonly sending: SendQueue;
  readonly abandoned: Abandoned;
  /** Streams that were resumed after their end had been seen. */
  readonly #heldEnds: Stream[] = [];
  /** The sweep under way: streams that come and go meanwhile are no matter to it. */
  #sweeping: IterableIterator<Stream> | undefined;
  /** The one that was read last, unless it took all that a turn has for it. */
  #last: Stream | undefined;
  /** What was delivered, and what streams that we stopped may have thrown away. */
  #bytes = 0;
  #pieces = 0;
  #stopped = 0;

  constructor(
    engine: EngineConnection,
    role: Role,
    options: Pick<QuicOptions, 'sendWindow' | 'initialWindow'>,
    events: QuicEvents,
  ) {
    this.#engine = engine;
    this.#role = role;
    this.#events = events;
    this.sending = new SendQueue(engine, options.sendWindow, this);
    this.abandoned = new Abandoned(options.initialWindow);
    this.#credit = new StreamCredit(engine, role, events);
  }

  /** Streams that are not over. */
  get count(): number {
    return this.#streams.size;
  }

  /** What came of streams. `credit`: most of one stream that can be unread. */
  delivered(credit: number): Delivered {
    let paused = 0;
    for (const stream of this.#streams.values()) if (stream.paused) paused++;
    return { bytes: this.#bytes, pieces: this.#pieces, unread: credit * (paused + this.#stopped) };
  }

  open(direction: StreamDirection): StreamId | undefined {
    const id = this.#credit.take(direction);
    if (id === undefined) return undefined;
    // An empty write makes the stream exist: a skipped identifier would cost the peer's credit for good.
    this.#engine.streamSend(id, EMPTY, false);
    this.#add(id);
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

  /** Hands what has arrived to the events. True: a bound was met and there is more. */
  deliver(): boolean {
    for (const stream of this.#heldEnds.splice(0)) this.#deliverHeldEnd(stream);
    let left = BYTES_PER_TURN;
    // The engine's list takes it twenty microseconds and five handles that garbage collections count. Mostly nothing is
    // readable, or what was so before.
    if (this.#last !== undefined) left -= this.#readAgain(this.#last);
    if (!this.#engine.isReadable()) return false;
    for (const id of this.#engine.readable()) {
      if (left <= 0) return true;
      const stream = this.#streams.get(id) ?? this.#accept(id);
      if (stream === undefined || stream.paused) continue;
      const room = Math.min(left, STREAM_BYTES_PER_TURN);
      const read = this.#read(stream, room);
      left -= read;
      this.#last = read < room ? stream : undefined;
      if (read >= room) return true;
    }
    return false;
  }

  #readAgain(stream: Stream): number {
    // Of a stream that the engine has forgotten, the sweep finds out how it ended.
    if (stream.paused || stream.receiving !== 'open' || !this.#engine.streamReadable(stream.id)) return 0;
    const read = this.#read(stream, STREAM_BYTES_PER_TURN);
    // The engine's list is fair: whoever has more waits for its turn there.
    if (read >= STREAM_BYTES_PER_TURN) this.#last = undefined;
    return read;
  }

  /**
   * Asks the engine about streams that would otherwise not tell: stopped or reset by the peer, or over. True: there are
   * more to ask. A peer may have ten thousand streams open, and pay one datagram for a question about each.
   */
  sweep(): boolean {
    this.#sweeping ??= this.#streams.values();
    for (let count = 0; count < SWEEP; count++) {
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
    if (stream.paused && stream.receiving === 'open') this.#readEnd(stream);
    if (stream.receiving === 'done' || !this.#engine.streamFinished(stream.id)) return;
    if (stream.receiving === 'stopped') this.#received(stream);
    else if (!stream.endHeld && !this.#engine.streamReadable(stream.id)) this.#vanished(stream);
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

  #accept(id: StreamId): Stream | undefined {
    const ours = isServerInitiated(id) === (this.#role === 'server');
    return ours ? undefined : this.#add(id);
  }

  #add(id: StreamId): Stream {
    const stream = newStream(id, this.#role);
    this.#streams.set(id, stream);
    return stream;
  }

  /** Reads up to `room` bytes and returns how many came. */
  #read(stream: Stream, room: number): number {
    let total = 0;
    while (total < room && !stream.paused) {
      const got = this.#receive(stream, this.#slab.room());
      if (got === null) break;
      const [length, fin] = got;
      total += length;
      this.#pieces++;
      this.#deliverChunk(stream, length, fin);
      if (fin) break;
    }
    this.#bytes += total;
    stream.taken += total;
    return total;
  }

  /** Takes an end that stands alone, and a reset. An empty read moves nothing, but tells of both. */
  #readEnd(stream: Stream): void {
    const got = this.#receive(stream, EMPTY);
    if (got === null || !got[1]) return;
    stream.endHeld = true;
    // The engine goes on showing the end until something is read, unless it has just forgotten the stream.
    try {
      this.#engine.streamRecv(stream.id, this.#slab.room());
    } catch {}
  }

  #receive(stream: Stream, into: Buffer): [number, boolean] | null {
    try {
      return this.#engine.streamRecv(stream.id, into);
    } catch (error) {
      this.#readFailed(stream, streamCallFailure(error));
      return null;
    }
  }

  #deliverHeldEnd(stream: Stream): void {
    // It may have been paused again since.
    if (stream.paused || !stream.endHeld) return;
    stream.endHeld = false;
    this.#deliverChunk(stream, 0, true);
  }

  #deliverChunk(stream: Stream, length: number, fin: boolean): void {
    const open = stream.receiving === 'open';
    const chunk = length === 0 ? EMPTY : this.#slab.take(length);
    if (fin) this.#received(stream);
    if (open) this.#events.onStreamData(stream.id, chunk, fin);
  }

  #readFailed(stream: Stream, failure: StreamCallFailure): void {
    const open = stream.receiving === 'open';
    // The engine goes on counting a reset stream as readable, and as open with it, until it is told to drop it.
    this.#shutdown(stream.id, SHUTDOWN_READ, 0);
    this.#received(stream);
    // What we stopped ourselves was counted then.
    if (open) this.abandoned.add(stream.taken);
    if (open && failure.kind === 'reset') this.#events.onStreamReset(stream.id, failure.code);
  }

  /** A reset behind the end drops what has not been read, and the engine does not tell of it (RFC 9000 §3.1, §3.2). */
  #vanished(stream: Stream): void {
    this.#received(stream);
    this.#events.onStreamReset(stream.id, FORGOTTEN_CODE);
  }

  #received(stream: Stream): void {
    stream.receiving = 'done';
    this.#forget(stream);
  }

  #forget(stream: Stream): void {
    if (stream.phase === 'done' && stream.receiving === 'done') this.#streams.delete(stream.id);
  }

  #shutdown(id: StreamId, direction: number, code: number): void {
    try {
      this.#engine.streamShutdown(id, direction, code);
    } catch {
      // Over in the engine already: there is nothing left to shut down.
    }
  }
}
