import type { StreamWaiter } from './tunnel.ts';

/** Most requests that wait at once; each holds a socket and a few kilobytes. More are refused at once. */
const CAPACITY = 20_000;

/**
 * Requests that wait for a stream, first come, first served. All have the same patience, so that the first is the
 * first to lose it, and one timer serves them all.
 */
export class WaitingLine {
  readonly #clock: () => number;
  readonly #onExpired: (waiter: StreamWaiter) => void;
  /** Since when each has waited; a Map keeps the order in which they came. */
  readonly #since = new Map<StreamWaiter, number>();
  #patience = 0;
  #patientSince = Number.NEGATIVE_INFINITY;
  #timer: NodeJS.Timeout | undefined;

  constructor(clock: () => number, onExpired: (waiter: StreamWaiter) => void) {
    this.#clock = clock;
    this.#onExpired = onExpired;
  }

  get size(): number {
    return this.#since.size;
  }

  get first(): StreamWaiter | undefined {
    return this.#since.keys().next().value;
  }

  /** How long one waits, milliseconds. A change gives everybody who waits that long from now. */
  set patience(milliseconds: number) {
    if (milliseconds === this.#patience) return;
    this.#patience = milliseconds;
    this.#patientSince = this.#clock();
    this.#arm();
  }

  /** False when there is no room, or no patience. */
  join(waiter: StreamWaiter): boolean {
    if (this.#patience <= 0 || this.#since.size >= CAPACITY) return false;
    this.#since.set(waiter, this.#clock());
    if (this.#timer === undefined) this.#arm();
    return true;
  }

  leave(waiter: StreamWaiter): void {
    this.#since.delete(waiter);
  }

  /** Turns everybody away. */
  dismiss(): void {
    for (const waiter of [...this.#since.keys()]) this.#expire(waiter);
    this.#arm();
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    const since = this.#since.values().next().value;
    if (since === undefined) return;
    const due = Math.max(since, this.#patientSince) + this.#patience;
    this.#timer = setTimeout(this.#onTimer, Math.max(1, Math.ceil(due - this.#clock())));
  }

  readonly #onTimer = (): void => {
    const now = this.#clock();
    for (const [waiter, since] of this.#since) {
      if (Math.max(since, this.#patientSince) + this.#patience > now) break;
      this.#expire(waiter);
    }
    this.#arm();
  };

  #expire(waiter: StreamWaiter): void {
    this.#since.delete(waiter);
    this.#onExpired(waiter);
  }
}
