import type { FloodCounters } from '../h3/flood-counters.ts';

/** Cancelled requests whose places are free at once: a crowd that leaves, or a front that dies with all it had. */
const BURST = 1000;

/** … and a second after that: more than a service at its limits has, which many applications give up waiting for. */
const PER_SECOND = 200;

/**
 * When the places of requests that the peer cancelled are free again. Cancelling is cheap for a peer, while the service
 * has begun to work and lost a connection: opened and cancelled without end, requests would hammer it, however few there
 * are at once. So beyond a rate such a place is kept for a while, and with it the next request waits.
 */
export class CancelledPlaces {
  readonly #now: () => number;
  readonly #counters: FloodCounters;
  #allowance = BURST;
  #refilledAt: number;
  readonly #kept: (() => void)[] = [];
  #timer: NodeJS.Timeout | undefined;

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number, counters: FloodCounters) {
    this.#now = now;
    this.#counters = counters;
    this.#refilledAt = now();
  }

  /** Calls `free` once the place may be used again: now, or later. */
  release(free: () => void): void {
    this.#kept.push(free);
    if (this.#timer === undefined) this.#serve();
    if (this.#kept.length > 0) this.#counters.placesKept++;
  }

  readonly #serve = (): void => {
    this.#refill();
    this.#timer = undefined;
    while (this.#allowance >= 1 && this.#kept.length > 0) {
      this.#allowance--;
      this.#kept.shift()?.();
    }
    if (this.#kept.length > 0) this.#timer = setTimeout(this.#serve, 1000 / PER_SECOND).unref();
  };

  #refill(): void {
    const now = this.#now();
    const earned = ((now - this.#refilledAt) * PER_SECOND) / 1000;
    this.#allowance = Math.min(BURST, this.#allowance + earned);
    this.#refilledAt = now;
  }
}
