import { Code } from './codes.ts';
import { connectionError } from './errors.ts';
import type { FloodCounters } from './flood-counters.ts';
import { EARNED_BY_MESSAGE, USELESS_BURST, USELESS_PER_SECOND } from './limits.ts';

/**
 * Counts what a peer makes us do to no effect: empty DATA, reserved frames and streams, requests cancelled,
 * requests that we had to reset, QPACK instructions beyond what messages need (RFC 9114 §10.5). Complete messages pay for some of it, so that a peer that adds a
 * reserved frame to every request may go on for ever; time pays too, so that a day of time-outs at the origin, each
 * a cancelled request, does not cost the tunnel. What is left is a peer that does nothing else, and fast.
 */
export class FloodGuard {
  readonly #now: () => number;
  readonly #counters: FloodCounters;
  #spent = 0;
  #paidUntil: number;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number, counters: FloodCounters) {
    this.#now = now;
    this.#counters = counters;
    this.#paidUntil = now();
  }

  /** Useless units, one unless said. Throws H3_EXCESSIVE_LOAD when the burst and what was earned are used up. */
  spend(what: string, units = 1): void {
    this.#spent += units;
    this.#counters.uselessUnits += units;
    if (this.#spent <= USELESS_BURST) return;
    this.#payByTime();
    if (this.#spent > USELESS_BURST)
      throw connectionError(Code.H3_EXCESSIVE_LOAD, `too many in vain: ${what}`);
  }

  /** A message arrived whole. */
  earn(): void {
    this.#spent = Math.max(0, this.#spent - EARNED_BY_MESSAGE);
  }

  // Only when the burst is used up, so that a unit costs no look at the clock.
  #payByTime(): void {
    const now = this.#now();
    const units = Math.floor(((now - this.#paidUntil) * USELESS_PER_SECOND) / 1000);
    if (units <= 0) return;
    this.#paidUntil = now;
    this.#spent = Math.max(0, this.#spent - units);
  }
}
