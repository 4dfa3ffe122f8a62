/** Cancelled requests whose places are free at once: a crowd that leaves, or a front that dies with all it had. */
const BURST = 1000;

/** … and a second after that: more than a service at its limits has, which many applications give up waiting for. */
const PER_SECOND = 200;

/**
 * The requests that a client cancelled of late. Cancelling is cheap for a peer, while the service has begun to work and
 * lost a connection: opened and cancelled without end, requests would hammer it, however few there are at once. So beyond
 * a rate the places of those that were cancelled are kept for a while, and with them the next requests wait.
 */
export class CancelledRequests {
  readonly #now: () => number;
  readonly #most: number;
  #count = 0;
  #countedAt: number;

  /** `now`: a monotonic clock in milliseconds; `places`: most that there are to keep. */
  constructor(now: () => number, places: number) {
    this.#now = now;
    this.#most = BURST + places;
    this.#countedAt = now();
  }

  /** One more was cancelled. */
  add(): void {
    this.#forget();
    this.#count = Math.min(this.#most, this.#count + 1);
  }

  /** Places that are not free yet, in every session of the client. */
  get keptPlaces(): number {
    if (this.#count <= BURST) return 0;
    this.#forget();
    return Math.max(0, Math.ceil(this.#count - BURST));
  }

  /** Milliseconds until there is one less. */
  get pause(): number {
    return 1000 / PER_SECOND;
  }

  #forget(): void {
    const now = this.#now();
    this.#count = Math.max(0, this.#count - ((now - this.#countedAt) * PER_SECOND) / 1000);
    this.#countedAt = now;
  }
}
