/**
 * Notices that nothing has happened for a while. Telling it of activity costs one assignment, so that it can be done
 * for every chunk; in return it is up to a quarter of the time late.
 */
export class QuietTimer {
  readonly #timer: NodeJS.Timeout;
  readonly #onQuiet: () => void;
  #quietTicks = 0;

  /** `onQuiet` is called once, after `timeout` milliseconds without `touch`. */
  constructor(timeout: number, onQuiet: () => void) {
    this.#onQuiet = onQuiet;
    this.#timer = setTimeout(() => this.#tick(), Math.max(1, Math.ceil(timeout / TICKS)));
  }

  /** Something happened. */
  touch(): void {
    this.#quietTicks = 0;
  }

  stop(): void {
    clearTimeout(this.#timer);
  }

  #tick(): void {
    if (++this.#quietTicks > TICKS) this.#onQuiet();
    else this.#timer.refresh();
  }
}

const TICKS = 4;
