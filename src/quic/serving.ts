import type { EngineConnection } from './native.ts';
import type { QuicEvents } from './port.ts';
import type { Streams } from './streams.ts';

/** How often streams that cannot tell are asked whether the peer stopped them, milliseconds. */
const SWEEP_INTERVAL = 20;

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

  constructor(engine: Pick<EngineConnection, 'pathEventNext'>, streams: Streams, events: QuicEvents) {
    this.#engine = engine;
    this.streams = streams;
    this.events = events;
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
    return Math.min(sweep, this.streams.starvedAt(now));
  }

  /**
   * Delivers, for about `patience` (ms), and looks after streams. True: there is more to deliver, for the next turn of the event
   * loop.
   */
  advance(now: number, patience: number): boolean {
    if (this.#undelivered) this.#deliver(patience);
    if ((this.#unswept || this.#sweeping) && now - this.#sweptAt >= SWEEP_INTERVAL) {
      if (!this.#sweeping) this.#unswept = false;
      this.#sweptAt = now;
      this.#sweeping = this.streams.sweep();
    }
    return this.#undelivered;
  }

  #deliver(patience: number): void {
    // First: what is delivered may bring about that there is more.
    this.#undelivered = false;
    // The engine keeps its news of paths until they are taken.
    while (this.#engine.pathEventNext() !== null);
    this.streams.sending.revive();
    this.streams.offerStreams();
    if (this.streams.deliver(patience)) this.#undelivered = true;
  }
}
