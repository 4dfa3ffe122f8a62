/** The same news is told again after this many milliseconds. */
const INTERVAL = 60_000;

/** Most different news in that time: what strangers cause must not fill the disk. */
const CAPACITY = 64;

/** Tells news from repetition, for log lines about what may happen again and again. */
export class Repeats {
  readonly #clock: () => number;
  /** When each was told; a Map keeps the order, and so the oldest is the first. */
  readonly #told = new Map<string, number>();

  /** `clock`: monotonic, milliseconds. */
  constructor(clock: () => number) {
    this.#clock = clock;
  }

  /** False when it was told a short while ago, or too much else was. */
  isNews(what: string): boolean {
    const now = this.#clock();
    for (const [known, at] of this.#told) {
      if (now - at < INTERVAL) break;
      this.#told.delete(known);
    }
    if (this.#told.has(what) || this.#told.size >= CAPACITY) return false;
    this.#told.set(what, now);
    return true;
  }

  /** Everything is news again. */
  clear(): void {
    this.#told.clear();
  }
}
