/** What one connection may have of the time while others have something to do as well, and how much at once, milliseconds. */
const SHARE = 0.5;
const AT_ONCE = 2;

/** Less is not worth a turn, milliseconds. */
const LEAST = 0.5;

/** What it can owe, milliseconds: it is not to blame for the process having stood still. */
const MOST_OWED = 20;

/**
 * Time in which a connection may deliver what came, while others share the process: so much at once, and a share of all. What
 * it took too much for one piece, it waits longer for the next.
 */
export class FairShare {
  #left = AT_ONCE;
  #at: number;

  /** `now`: milliseconds of a monotonic clock, as everywhere here. */
  constructor(now: number) {
    this.#at = now;
  }

  /** How long it may deliver now, milliseconds; 0 before {@link FairShare.due}. */
  left(now: number): number {
    this.#left = Math.min(AT_ONCE, this.#left + (now - this.#at) * SHARE);
    this.#at = now;
    return this.#left >= LEAST ? this.#left : 0;
  }

  /** It has delivered from `from` to `now`. */
  spent(from: number, now: number): void {
    this.#left = Math.max(-MOST_OWED, this.#left - (now - from));
    this.#at = now;
  }

  /** When it may deliver again. */
  get due(): number {
    return this.#at + (LEAST - this.#left) / SHARE;
  }
}
