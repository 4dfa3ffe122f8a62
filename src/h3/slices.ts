/**
 * Things that one event concerns, seen to in the order that they came: a few at once, and the others in turns of the event loop
 * to come, so that nothing else waits for all of them.
 */
export class Slices<T> {
  readonly #size: number;
  readonly #see: (item: T) => void;
  readonly #waiting = new Set<T>();
  #isBusy = false;
  #then: (() => void) | undefined;

  /** `size`: how many at once. `see` must not throw. */
  constructor(size: number, see: (item: T) => void) {
    this.#size = size;
    this.#see = see;
  }

  add(items: Iterable<T>): void {
    for (const item of items) this.#waiting.add(item);
    if (!this.#isBusy) this.#next();
  }

  clear(): void {
    this.#waiting.clear();
  }

  /** Calls `then` when all were seen to: perhaps now. */
  whenDone(then: () => void): void {
    if (this.#isBusy) this.#then = then;
    else then();
  }

  readonly #next = (): void => {
    this.#isBusy = true;
    let left = this.#size;
    for (const item of this.#waiting) {
      if (left-- === 0) break;
      this.#waiting.delete(item);
      this.#see(item);
    }
    if (this.#waiting.size > 0) setImmediate(this.#next);
    else {
      this.#isBusy = false;
      this.#then?.();
      this.#then = undefined;
    }
  };
}
