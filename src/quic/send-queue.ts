import { Buffer } from 'node:buffer';
import { performance } from 'node:perf_hooks';
import type { ChunkQueue } from '../bytes/chunk-queue.ts';
import type { Link } from '../bytes/linked-list.ts';
import { type EngineConnection, streamCallFailure } from './native.ts';
import type { StreamId } from './port.ts';
import { Turns } from './turns.ts';

/** A stream is full at this many queued bytes … */
const STREAM_HIGH_WATER = 256 * 1024;
/** … and has room again at this many: enough to keep the link busy until more comes. */
const STREAM_LOW_WATER = 128 * 1024;

/** What every stream may queue even when others, whose peers do not read, have filled the send window. */
const STREAM_SHARE = 16 * 1024;

/** Most bytes of one stream that go to the engine before the next stream's turn. */
const SLICE = 16 * 1024;

/** Most halves that are asked for new credit at once after datagrams came: the sweep comes to the others. */
const REVIVALS = 256;

/** Stands for the code of a STOP_SENDING that the engine has forgotten. */
const FORGOTTEN_CODE = 0;

const EMPTY = Buffer.alloc(0);

/**
 * Where small pieces are put together, as the head, the content and the end of a short answer: the engine copies what it
 * is given anyway, and each call costs more than a second copy of so much.
 */
const GATHERED = Buffer.allocUnsafeSlow(4096);

/** What comes next of a stream, at most `most` bytes; the queue keeps it until it is consumed. */
function nextPart(queue: ChunkQueue, most: number): Uint8Array | undefined {
  const chunk = queue.peek();
  if (chunk === undefined) return undefined;
  if (chunk.length < GATHERED.length && most >= GATHERED.length) {
    const length = queue.copy(GATHERED);
    if (length > 0) return GATHERED.subarray(0, length);
  }
  return chunk.length <= most ? chunk : chunk.subarray(0, most);
}

/** The sending half of one stream. */
export interface SendHalf extends Link {
  readonly id: StreamId;
  readonly queue: ChunkQueue;
  /** `ending`: the end is queued; `done`: the engine has all, or nothing more may be sent. */
  phase: 'open' | 'ending' | 'done';
  /** Whose turn it is (RFC 9218): changed by {@link SendQueue.prioritise} alone. */
  urgency: number;
  incremental: boolean;
  /** `write` said false and the owner waits. */
  full: boolean;
  /** Bytes that the engine took of it. */
  given: number;
}

/** What the queue needs of the engine. */
export type SendingEngine = Pick<EngineConnection, 'streamSend' | 'streamCapacity'>;

/** What the queue tells: the peer's STOP_SENDING, room after a full queue, a half that is over. */
export interface SendQueueEvents {
  onStopped(half: SendHalf, code: number): void;
  onDrain(half: SendHalf): void;
  onDone(half: SendHalf): void;
}

/**
 * What waits to be taken by the engine, of all streams. The engine takes as much as its windows allow; the rest
 * waits here, bounded by the return value of {@link SendQueue.write}. Streams take turns by their urgency.
 */
export class SendQueue {
  readonly #engine: SendingEngine;
  readonly #sendWindow: number;
  readonly #share: number;
  readonly #events: SendQueueEvents;
  /** Halves with something to give, in the order of their turns. */
  readonly #ready = new Turns<SendHalf>();
  /** Halves whose own flow-control credit is spent. */
  readonly #stalled = new Set<SendHalf>();
  /** Halves that said "full". */
  readonly #full = new Set<SendHalf>();
  #queued = 0;
  #gauge: StreamId | undefined;

  constructor(engine: SendingEngine, sendWindow: number, events: SendQueueEvents) {
    this.#engine = engine;
    this.#sendWindow = sendWindow;
    this.#share = Math.min(STREAM_SHARE, sendWindow);
    this.#events = events;
  }

  /** Bytes that wait. */
  get byteLength(): number {
    return this.#queued;
  }

  get hasReady(): boolean {
    return this.#ready.size > 0;
  }

  /**
   * Names a stream of ours that lives as long as the connection and hardly sends. Its capacity tells, better than
   * that of a stream that may be stalled for itself, whether the connection has room.
   */
  useGauge(id: StreamId): void {
    this.#gauge ??= id;
  }

  write(half: SendHalf, chunk: Uint8Array, fin: boolean): boolean {
    if (half.phase !== 'open') return true;
    half.queue.push(chunk);
    this.#queued += chunk.length;
    if (fin) half.phase = 'ending';
    if (!this.#stalled.has(half)) this.#ready.add(half);
    const own = half.queue.byteLength;
    half.full = own >= STREAM_HIGH_WATER || (own >= this.#share && this.#queued >= this.#sendWindow);
    if (half.full) this.#full.add(half);
    return !half.full;
  }

  /** Ends a half with what waits of it. False: nothing does. */
  finish(half: SendHalf): boolean {
    if (half.phase !== 'open') return true;
    if (half.queue.byteLength === 0) return false;
    half.phase = 'ending';
    return true;
  }

  /** Forgets what waits of a half, which is over. */
  drop(half: SendHalf): void {
    this.#queued -= half.queue.byteLength;
    half.queue.clear();
    half.phase = 'done';
    half.full = false;
    this.#ready.delete(half);
    this.#stalled.delete(half);
    this.#full.delete(half);
  }

  /**
   * Gives the engine as much as fills `room` bytes of datagrams that are `size` bytes long, `overhead` of them not
   * stream data. Returns how many bytes of streams it took.
   */
  fill(room: number, size: number, overhead: number): number {
    let taken = 0;
    let left = room;
    while (left > overhead) {
      const half = this.#ready.next();
      if (half === undefined) break;
      const wanted = Math.min(SLICE, left - overhead * Math.ceil(left / size));
      const given = this.#give(half, wanted);
      taken += given;
      left -= given + overhead * Math.ceil(given / (size - overhead));
      if (half.phase === 'done' || (half.phase === 'open' && half.queue.byteLength === 0)) continue;
      if (given >= wanted) this.#ready.again(half);
      else if ((this.capacity() ?? 0) <= 0) {
        this.#ready.again(half);
        break;
      } else this.#stalled.add(half);
    }
    return taken;
  }

  /** Changes whose turn is when (RFC 9218). */
  prioritise(half: SendHalf, urgency: number, incremental: boolean): void {
    const waits = this.#ready.has(half);
    this.#ready.delete(half);
    half.urgency = urgency;
    half.incremental = incremental;
    if (waits) this.#ready.add(half);
  }

  /**
   * After datagrams came: halves that got new credit take part again, as far as a bounded number of questions tells, and time
   * until `until` allows: to hear that the peer has stopped one may have much to follow.
   */
  revive(until: number): void {
    let count = Math.min(REVIVALS, this.#stalled.size);
    for (const half of this.#stalled) {
      if (count-- === 0 || performance.now() >= until) return;
      this.#askForCredit(half);
    }
  }

  /** Looks whether the peer stopped a half, or gave it credit: the engine says so only when asked. */
  check(half: SendHalf): void {
    if (this.#stalled.has(half)) this.#askForCredit(half);
    else if (half.phase === 'open') this.#probe(half);
  }

  /** Tells the owners of full halves that there is room. */
  emitDrains(): void {
    for (const half of this.#full) {
      const enough = this.#queued >= this.#sendWindow ? this.#share : STREAM_LOW_WATER;
      if (half.queue.byteLength >= enough) continue;
      this.#full.delete(half);
      half.full = false;
      this.#events.onDrain(half);
    }
  }

  // Who gets none goes to the end of the line.
  #askForCredit(half: SendHalf): void {
    this.#stalled.delete(half);
    const room = this.#probe(half);
    if (half.phase === 'done') return;
    if (room === 0) this.#stalled.add(half);
    else this.#ready.add(half);
  }

  #give(half: SendHalf, room: number): number {
    let given = 0;
    try {
      while (given < room) {
        const part = nextPart(half.queue, room - given);
        if (part === undefined) {
          if (half.phase === 'ending') this.#giveEnd(half);
          return given;
        }
        const wanted = part.length;
        const last = half.phase === 'ending' && wanted === half.queue.byteLength;
        const written = this.#engine.streamSend(half.id, part, last) ?? 0;
        half.queue.consume(written);
        this.#queued -= written;
        given += written;
        half.given += written;
        if (last && written === wanted) {
          this.#done(half);
          return given;
        }
        if (written < wanted) return given;
      }
    } catch (error) {
      this.#failed(half, error);
    }
    return given;
  }

  #giveEnd(half: SendHalf): void {
    if (this.#engine.streamSend(half.id, EMPTY, true) !== null) this.#done(half);
  }

  #done(half: SendHalf): void {
    half.phase = 'done';
    this.#full.delete(half);
    this.#events.onDone(half);
  }

  /** Bytes that the engine would take of this half. */
  #probe(half: SendHalf): number {
    try {
      return this.#engine.streamCapacity(half.id);
    } catch (error) {
      this.#failed(half, error);
      return 0;
    }
  }

  #failed(half: SendHalf, error: unknown): void {
    const failure = streamCallFailure(error);
    this.drop(half);
    // A half that we have neither ended nor reset can only have been stopped. The engine forgets such a stream as soon
    // as its reset is acknowledged, which on a short path is before it was asked.
    this.#events.onStopped(half, failure.kind === 'stopped' ? failure.code : FORGOTTEN_CODE);
    this.#events.onDone(half);
  }

  /**
   * Bytes that the engine would take of any stream: what its congestion window and the peer's credit allow.
   * `undefined` without a gauge.
   */
  capacity(): number | undefined {
    if (this.#gauge === undefined) return undefined;
    try {
      return this.#engine.streamCapacity(this.#gauge);
    } catch {
      return 0;
    }
  }
}
