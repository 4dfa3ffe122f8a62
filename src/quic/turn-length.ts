import { performance } from 'node:perf_hooks';

/** How long a turn of the event loop should take at most while several connections share it, milliseconds. */
const LONG = 2;

/** What one connection may deliver in a turn, milliseconds: at most, and where turns stay long whatever is done. */
const MOST = 2;
const LEAST = 0.05;

/** What becomes of it with each turn that was long, and with each other one. */
const LESS = 0.5;
const MORE = 1.25;

/**
 * How long one connection may deliver in a turn of the event loop, so that turns stay short and others get theirs soon. To bound how
 * long delivering takes is not enough: what is delivered makes work in later turns, for connections to the origin that answer
 * all at once.
 */
export class TurnLength {
  readonly #busy: () => number;
  #most = MOST;
  #before: number;
  #armed = false;

  /** `busy`: milliseconds that the event loop has spent with work so far. */
  constructor(busy: () => number = () => performance.eventLoopUtilization().active) {
    this.#busy = busy;
    this.#before = busy();
  }

  /** Milliseconds, or a piece longer. */
  get most(): number {
    return this.#most;
  }

  /** There is something to do in this turn: it is measured. */
  watch(): void {
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(this.#measure);
  }

  readonly #measure = (): void => {
    this.#armed = false;
    const now = this.#busy();
    const isLong = now - this.#before > LONG;
    this.#before = now;
    this.#most = isLong ? Math.max(LEAST, this.#most * LESS) : Math.min(MOST, this.#most * MORE);
  };
}
