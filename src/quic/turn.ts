import { performance } from 'node:perf_hooks';
import process from 'node:process';

/** Work that has waited this long, milliseconds, is not put off to the end of a long turn. */
const PATIENCE = 0.2;

/** It is looked at each time that work was asked for so often: about once a request. */
const LOOK_EVERY = 4;

/**
 * Work put off to the end of the present turn of the event loop, so that a burst of datagrams or writes is handled
 * once. In a turn that takes long it is handled between one callback and the next: while fifty requests are
 * read, the first of them are on their way. What is added while the work runs comes in the next turn.
 */
export class EndOfTurn<T> {
  readonly #run: (item: T) => void;
  readonly #clock: () => number;
  #waiting = new Set<T>();
  #running = new Set<T>();
  #armed: NodeJS.Immediate | undefined;
  #armedAt = 0;
  #asked = 0;
  #hurried = false;
  #isRunning = false;

  /** `clock`: monotonic, milliseconds. */
  constructor(run: (item: T) => void, clock: () => number = () => performance.now()) {
    this.#run = run;
    this.#clock = clock;
  }

  add(item: T): void {
    this.#waiting.add(item);
    if (this.#armed === undefined) {
      this.#asked = 0;
      this.#armedAt = this.#clock();
      this.#armed = setImmediate(this.#turn);
    } else if (++this.#asked % LOOK_EVERY === 0) this.#hurry();
  }

  // Never from within a call, and never again and again without what is at the end of the turn.
  #hurry(): void {
    if (this.#hurried || this.#isRunning || this.#clock() - this.#armedAt <= PATIENCE) return;
    this.#hurried = true;
    process.nextTick(this.#turn);
  }

  readonly #turn = (): void => {
    if (this.#armed === undefined) return;
    clearImmediate(this.#armed);
    this.#armed = undefined;
    this.#hurried = false;
    this.#isRunning = true;
    const items = this.#waiting;
    this.#waiting = this.#running;
    this.#running = items;
    // One by one: `clear` would make a new table each time.
    for (const item of items) {
      items.delete(item);
      this.#run(item);
    }
    this.#isRunning = false;
  };
}
