import { USELESS_PER_SECOND } from './limits.ts';

/** Useless units that a peer may still make us spend: so many at once, and those that time has paid for since. */
export class FloodBudget {
  readonly #now: () => number;
  readonly #burst: number;
  #spent = 0;
  #paidUntil: number;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number, burst: number) {
    this.#now = now;
    this.#burst = burst;
    this.#paidUntil = now();
  }

  /** False: it is used up. */
  spend(units: number): boolean {
    this.#spent += units;
    if (this.#spent <= this.#burst) return true;
    this.#payByTime();
    return this.#spent <= this.#burst;
  }

  /** Something useful was done, which pays for so many. */
  earn(units: number): void {
    this.#spent = Math.max(0, this.#spent - units);
  }

  /** The peer comes anew: so much it may do whatever it did before. */
  renew(units: number): void {
    this.#spent = Math.min(this.#spent, this.#burst - units);
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
