import { performance } from 'node:perf_hooks';
import { FairShare } from './fair-share.ts';
import type { EngineConnection } from './native.ts';
import type { QuicEvents } from './port.ts';
import type { Streams } from './streams.ts';

/** How long streams are asked in one turn while others have something to do as well, milliseconds. */
const SWEEP_TIME = 2;

/** How often streams that cannot tell are asked whether the peer stopped them, milliseconds. */
const SWEEP_INTERVAL = 20;

/** How long what came is delivered in one turn of the event loop, milliseconds, while no other connection has something. */
const ALONE = 20;

/**
 * What the engine holds of a connection that was open, bytes; of each stream that is not over, and may be of one that was cut
 * short; and in its table of all identifiers that there ever were.
 */
const CONNECTION = 2 ** 19;
const STREAM = 768;
const IDENTIFIER = 12;

/** An open connection, as its owner sees it: what came is delivered, and streams are looked after. */
export class Serving {
  readonly events: QuicEvents;
  readonly streams: Streams;
  readonly #engine: Pick<EngineConnection, 'pathEventNext'>;
  /** Datagrams came since the last delivery, and since the last sweep. */
  #undelivered = true;
  #unswept = true;
  #sweeping = false;
  #sweptAt = 0;
  readonly #share: FairShare;
  /** There is something to deliver, but others come first. */
  #isWaiting = false;

  constructor(
    engine: Pick<EngineConnection, 'pathEventNext'>,
    streams: Streams,
    events: QuicEvents,
    now: number,
  ) {
    this.#share = new FairShare(now);
    this.#engine = engine;
    this.streams = streams;
    this.events = events;
  }

  /** Bytes that the engine may hold of it. */
  get weight(): number {
    const { count, spoilt, everOpened } = this.streams;
    return CONNECTION + STREAM * (count + spoilt) + IDENTIFIER * everOpened;
  }

  /** A datagram came. */
  received(): void {
    this.#undelivered = true;
    this.#unswept = true;
  }

  /** There is something to deliver that was held back. */
  resumed(): void {
    this.#undelivered = true;
  }

  /** When {@link advance} wants to be called. */
  due(now: number): number {
    const sweep = this.#unswept || this.#sweeping ? this.#sweptAt + SWEEP_INTERVAL : Number.POSITIVE_INFINITY;
    const share = this.#isWaiting ? this.#share.due : Number.POSITIVE_INFINITY;
    return Math.min(sweep, share, this.streams.roomAt(now), this.streams.starvedAt(now));
  }

  /**
   * Delivers, and looks after streams; for `most` milliseconds, and within its share of the time, where others have something to
   * do as well. True: there is more to deliver, for the next turn of the event loop.
   */
  advance(now: number, most: number | undefined): boolean {
    if (this.#undelivered || this.streams.hasRoomAgain(now)) this.#deliverInTurn(now, most);
    if ((this.#unswept || this.#sweeping) && now - this.#sweptAt >= SWEEP_INTERVAL) {
      if (!this.#sweeping) this.#unswept = false;
      this.#sweptAt = now;
      this.#sweeping = this.streams.sweep(most === undefined ? ALONE : SWEEP_TIME);
      if (this.streams.hasRoomAgain(now)) this.#undelivered = true;
    }
    return this.#undelivered && !this.#isWaiting;
  }

  /** The peer has ended the connection: what came before, and waits for its turn, has it now. */
  deliverLast(): void {
    if (this.#undelivered) this.streams.deliver(ALONE);
  }

  #deliverInTurn(now: number, most: number | undefined): void {
    const patience = most === undefined ? ALONE : Math.min(most, this.#share.left(now));
    this.#isWaiting = patience <= 0;
    if (this.#isWaiting) return;
    const from = performance.now();
    this.#deliver(patience);
    if (most !== undefined) this.#share.spent(from, performance.now());
  }

  #deliver(patience: number): void {
    // First: what is delivered may bring about that there is more.
    this.#undelivered = false;
    // The engine keeps its news of paths until they are taken.
    while (this.#engine.pathEventNext() !== null);
    this.streams.sending.revive(performance.now() + patience);
    this.streams.offerStreams();
    if (this.streams.deliver(patience)) this.#undelivered = true;
  }
}
