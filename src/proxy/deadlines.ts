import { performance } from 'node:perf_hooks';
import { Link, LinkedList } from '../bytes/linked-list.ts';

/** One who waits: {@link leave} ends it. */
export class Deadline<Waiter> extends Link {
  readonly waiter: Waiter;
  /** On the clock of `performance`. */
  readonly due: number;

  constructor(waiter: Waiter, due: number) {
    super();
    this.waiter = waiter;
    this.due = due;
  }
}

/**
 * A time that many wait for, each from another moment on. As it is equally long for all, who began first is due first, and
 * one timer serves all of them.
 */
export class Deadlines<Waiter> {
  readonly #time: number;
  readonly #onDue: (waiter: Waiter) => void;
  readonly #waiting = new LinkedList<Deadline<Waiter>>();
  #timer: NodeJS.Timeout | undefined;

  /** `onDue` is called once for whoever has waited for `time` milliseconds. */
  constructor(time: number, onDue: (waiter: Waiter) => void) {
    this.#time = time;
    this.#onDue = onDue;
  }

  /** Waits, from now on. */
  start(waiter: Waiter): Deadline<Waiter> {
    const deadline = new Deadline(waiter, performance.now() + this.#time);
    this.#waiting.add(deadline);
    this.#timer ??= setTimeout(this.#onTimer, this.#time).unref();
    return deadline;
  }

  // Mostly early, as the one that it was set for has stopped meanwhile.
  readonly #onTimer = (): void => {
    this.#timer = undefined;
    const now = performance.now();
    for (;;) {
      const { first } = this.#waiting;
      if (first === undefined) return;
      if (first.due > now) {
        this.#timer ??= setTimeout(this.#onTimer, Math.ceil(first.due - now)).unref();
        return;
      }
      this.#waiting.delete(first);
      this.#onDue(first.waiter);
    }
  };
}
