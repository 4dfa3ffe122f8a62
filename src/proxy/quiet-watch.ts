/** What may fall silent. Both are the watch's to use, but that whoever notices activity sets `quietTicks` to 0. */
export interface Watched {
  quietTicks: number;
  /** Called once: nothing has happened for the whole time. */
  onQuiet(): void;
}

/**
 * Notices which of many has been silent for a while. Telling it of activity costs one assignment, so that it can be done
 * for every chunk, and one timer serves all; in return it is up to a quarter of the time late.
 */
export class QuietWatch {
  readonly #tickTime: number;
  readonly #watched = new Set<Watched>();
  #timer: NodeJS.Timeout | undefined;

  /** `timeout`: milliseconds of silence. */
  constructor(timeout: number) {
    this.#tickTime = Math.max(1, Math.ceil(timeout / TICKS));
  }

  /** Watches, from now on. */
  add(watched: Watched): void {
    watched.quietTicks = 0;
    this.#watched.add(watched);
    this.#timer ??= setInterval(this.#onTick, this.#tickTime).unref();
  }

  delete(watched: Watched): void {
    this.#watched.delete(watched);
  }

  readonly #onTick = (): void => {
    for (const watched of this.#watched) {
      if (++watched.quietTicks <= TICKS) continue;
      this.#watched.delete(watched);
      watched.onQuiet();
    }
    if (this.#watched.size > 0) return;
    clearInterval(this.#timer);
    this.#timer = undefined;
  };
}

const TICKS = 4;
