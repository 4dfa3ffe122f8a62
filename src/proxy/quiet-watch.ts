import { Link, LinkedList } from '../bytes/linked-list.ts';

/** What may fall silent: whoever notices activity sets `quietTicks` to 0, and {@link leave} ends it. */
export abstract class Watched extends Link {
  quietTicks = 0;
  /** Called once: nothing has happened for the whole time. */
  abstract onQuiet(): void;
}

/**
 * Notices which of many has been silent for a while. Telling it of activity costs one assignment, so that it can be done
 * for every chunk, and one timer serves all; in return it is up to a quarter of the time late.
 */
export class QuietWatch {
  readonly #tickTime: number;
  readonly #watched = new LinkedList<Watched>();
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
