/**
 * A time that many wait for, each from another moment on. As it is equally long for all, who began first is due first, and
 * one timer serves all of them.
 */
export class Deadlines<Waiter> {
  readonly #time: number;
  readonly #onDue: (waiter: Waiter) => void;
  /** When each is due; a Map keeps the order. */
  readonly #due = new Map<Waiter, number>();
  #timer: NodeJS.Timeout | undefined;

  /** `onDue` is called once for whoever has waited for `time` milliseconds. */
  constructor(time: number, onDue: (waiter: Waiter) => void) {
    this.#time = time;
    this.#onDue = onDue;
  }

  /** Waits, from now on. */
  start(waiter: Waiter): void {
    this.#due.delete(waiter);
    this.#due.set(waiter, performance.now() + this.#time);
    this.#timer ??= setTimeout(this.#onTimer, this.#time).unref();
  }

  /** Waits no more, if it did. */
  stop(waiter: Waiter): void {
    this.#due.delete(waiter);
  }

  // Mostly early, as the one that it was set for has stopped meanwhile.
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (const [waiter, due] of this.#due) {
      if (due > now) {
        this.#timer ??= setTimeout(this.#onTimer, Math.ceil(due - now)).unref();
        return;
      }
      this.#due.delete(waiter);
      this.#onDue(waiter);
    }
  };
}
