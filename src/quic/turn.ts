/**
 * Work put off to the end of the present turn of the event loop, so that a burst of datagrams or writes is handled
 * once. What is added while the work runs comes in the next turn.
 */
export class EndOfTurn<T> {
  readonly #run: (item: T) => void;
  #waiting = new Set<T>();
  #running = new Set<T>();
  #armed = false;

  constructor(run: (item: T) => void) {
    this.#run = run;
  }

  add(item: T): void {
    this.#waiting.add(item);
    if (this.#armed) return;
    this.#armed = true;
    setImmediate(this.#turn);
  }

  readonly #turn = (): void => {
    this.#armed = false;
    const items = this.#waiting;
    this.#waiting = this.#running;
    this.#running = items;
    for (const item of items) this.#run(item);
    items.clear();
  };
}
