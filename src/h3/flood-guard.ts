import { Code } from './codes.ts';
import { connectionError } from './errors.ts';
import type { FloodBudget } from './flood-budget.ts';
import type { FloodCounters } from './flood-counters.ts';
import { EARNED_BY_MESSAGE } from './limits.ts';

/**
 * Counts what a peer makes us do to no effect: empty DATA, reserved frames and streams, requests cancelled as soon as they
 * are made, requests that we had to reset, QPACK instructions beyond what messages need (RFC 9114 §10.5). Responses pay for
 * some of it, so that a peer that adds a reserved frame to every request may go on for ever; time pays too, so that a day
 * of time-outs at the origin, each a cancelled request, does not cost the tunnel. What is left is a peer that does nothing
 * else, and fast.
 */
export class FloodGuard {
  readonly #budget: FloodBudget;
  readonly #counters: FloodCounters;

  constructor(budget: FloodBudget, counters: FloodCounters) {
    this.#budget = budget;
    this.#counters = counters;
  }

  /** Useless units, one unless said. Throws H3_EXCESSIVE_LOAD when the budget is used up. */
  spend(what: string, units = 1): void {
    this.#counters.uselessUnits += units;
    if (!this.#budget.spend(units)) {
      throw connectionError(Code.H3_EXCESSIVE_LOAD, `too many in vain: ${what}`);
    }
  }

  /** A response arrived whole, or all of one was handed on to be sent. */
  earn(): void {
    this.#budget.earn(EARNED_BY_MESSAGE);
  }
}
