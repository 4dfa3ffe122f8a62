/** A bucket that fills by `rate` units a millisecond, up to `capacity`, and may be overdrawn by what is found out late. */
export class RateLimit {
  readonly #rate: number;
  readonly #capacity: number;
  #level: number;
  #filledAt = 0;

  constructor(rate: number, capacity: number) {
    this.#rate = rate;
    this.#capacity = capacity;
    this.#level = capacity;
  }

  /** Whether there is anything left. */
  allows(now: number): boolean {
    if (now > this.#filledAt) {
      this.#level = Math.min(this.#capacity, this.#level + (now - this.#filledAt) * this.#rate);
      this.#filledAt = now;
    }
    return this.#level > 0;
  }

  /** Takes `units` out; a negative number puts them back. */
  spend(units: number): void {
    this.#level = Math.min(this.#capacity, this.#level - units);
  }
}
