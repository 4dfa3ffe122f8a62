/** So many are done at once: for each, a head of the largest size may have to be checked and passed on. */
const SLICE = 8;

/**
 * Streams that one event concerns, seen to in the order that they came: a few at once, and the others in turns of the event loop to
 * come, so that nothing else waits for all of them.
 */
export class Slices {
  readonly #see: (id: number) => void;
  readonly #waiting = new Set<number>();
  #isArmed = false;

  /** `see` must not throw. */
  constructor(see: (id: number) => void) {
    this.#see = see;
  }

  add(ids: readonly number[]): void {
    for (const id of ids) this.#waiting.add(id);
    if (!this.#isArmed) this.#next();
  }

  clear(): void {
    this.#waiting.clear();
  }

  readonly #next = (): void => {
    this.#isArmed = false;
    let left = SLICE;
    for (const id of this.#waiting) {
      if (left-- === 0) break;
      this.#waiting.delete(id);
      this.#see(id);
    }
    if (this.#waiting.size === 0) return;
    this.#isArmed = true;
    setImmediate(this.#next);
  };
}
