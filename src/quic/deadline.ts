/** A deadline that moves by so much, milliseconds, is that of a connection at rest: it would be woken up for nothing. */
const FAR = 500;

/**
 * A timer for a deadline that moves all the time. Moving it a little later costs nothing: the armed timer fires, finds that
 * it is early, and arms itself again. Times are milliseconds of the given clock.
 */
export class Deadline {
  readonly #clock: () => number;
  readonly #onDue: () => void;
  #timer: NodeJS.Timeout | undefined;
  #firesAt = Number.POSITIVE_INFINITY;
  #due = Number.POSITIVE_INFINITY;

  constructor(clock: () => number, onDue: () => void) {
    this.#clock = clock;
    this.#onDue = onDue;
  }

  /** Moves the deadline. `Infinity` means never. */
  set(due: number): void {
    this.#due = due;
    if (due < this.#firesAt || (due > this.#firesAt + FAR && due !== Number.POSITIVE_INFINITY)) this.#arm();
  }

  /** Stops for good; the owner is gone. */
  clear(): void {
    clearTimeout(this.#timer);
    this.#timer = undefined;
    this.#firesAt = Number.POSITIVE_INFINITY;
    this.#due = Number.POSITIVE_INFINITY;
  }

  #arm(): void {
    clearTimeout(this.#timer);
    this.#firesAt = this.#due;
    // Timers fire up to a millisecond early against this clock: rounding up avoids waking twice.
    const delay = Math.max(1, Math.ceil(this.#due - this.#clock()));
    this.#timer = setTimeout(this.#fire, Math.min(delay, MAX_DELAY));
  }

  readonly #fire = (): void => {
    this.#firesAt = Number.POSITIVE_INFINITY;
    if (this.#due === Number.POSITIVE_INFINITY) return;
    if (this.#due - this.#clock() >= 1) this.#arm();
    else {
      this.#due = Number.POSITIVE_INFINITY;
      this.#onDue();
    }
  };
}

/** Longest delay that a Node timer takes. */
const MAX_DELAY = 2 ** 31 - 1;
