/**
 * For so many requests at once the engines of both ends take a kilobyte each, and keep it as long as the session lives: it is
 * replaced when they have been answered, …
 */
const SWOLLEN = 2048;

/** … and for so long, milliseconds, … */
const REST = 1000;

/** … no more than these were under way at once. */
const FEW = 64;

/** What the session in use has been through: whether another one would do better. */
export class Wear {
  readonly #inFlight: () => number;
  readonly #replace: () => void;
  #requests = 0;
  /** Most at once, since it was last looked at. */
  #most = 0;
  #timer: NodeJS.Timeout | undefined;

  /** `inFlight`: requests of the session that are not over. `replace` is called when it should have a successor. */
  constructor(inFlight: () => number, replace: () => void) {
    this.#inFlight = inFlight;
    this.#replace = replace;
  }

  /** Another session is in use, or none. */
  renew(): void {
    this.#requests = 0;
    this.#most = 0;
    clearTimeout(this.#timer);
    this.#timer = undefined;
  }

  /** A request was made. A session has `mostRequests`. */
  asked(mostRequests: number): void {
    if (++this.#requests === mostRequests) this.#replace();
    const inFlight = this.#inFlight();
    if (inFlight > this.#most) this.#most = inFlight;
    if (inFlight >= SWOLLEN) this.#timer ??= setTimeout(this.#look, REST).unref();
  }

  readonly #look = (): void => {
    if (this.#most <= FEW) {
      this.#timer = undefined;
      this.#replace();
      return;
    }
    this.#most = this.#inFlight();
    this.#timer = setTimeout(this.#look, REST).unref();
  };
}
