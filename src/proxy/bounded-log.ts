import type { Logger } from './failures.ts';

/** Lines that may be told at once, and how long it takes until there may be one more, milliseconds. */
const BURST = 100;
const REFILL = 1000;

/** Left-out lines are told of after this long, milliseconds. */
const REPORT_AFTER = 10_000;

/**
 * The log of a part that strangers, peers or applications can make talk: what they cause must not fill the disk. A
 * hundred lines, and one a second; what exceeds that is told as a number, and in full at level debug, which has no bound.
 */
export class BoundedLog implements Logger {
  readonly #logger: Logger;
  readonly #clock: () => number;
  #budget = BURST;
  #refilledAt: number;
  #leftOut = 0;

  /** `clock`: monotonic, milliseconds. */
  constructor(logger: Logger, clock: () => number) {
    this.#logger = logger;
    this.#clock = clock;
    this.#refilledAt = clock();
  }

  debug(details: object, message: string): void {
    this.#logger.debug(details, message);
  }

  info(details: object, message: string): void {
    this.#logger[this.#allows() ? 'info' : 'debug'](details, message);
  }

  warn(details: object, message: string): void {
    this.#logger[this.#allows() ? 'warn' : 'debug'](details, message);
  }

  error(details: object, message: string): void {
    this.#logger[this.#allows() ? 'error' : 'debug'](details, message);
  }

  #allows(): boolean {
    this.#refill();
    if (this.#budget >= 1) {
      this.#budget--;
      return true;
    }
    if (this.#leftOut++ === 0) setTimeout(() => this.#report(), REPORT_AFTER).unref();
    return false;
  }

  #refill(): void {
    const now = this.#clock();
    this.#budget = Math.min(BURST, this.#budget + (now - this.#refilledAt) / REFILL);
    this.#refilledAt = now;
  }

  #report(): void {
    const leftOut = this.#leftOut;
    this.#leftOut = 0;
    this.#logger.warn({ leftOut }, `${leftOut} lines were left out of the log: too many at once`);
  }
}
