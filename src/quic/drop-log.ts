import type { Logger } from './log.ts';
import type { EngineAddress } from './native.ts';
import { formatAddress } from './socket.ts';

/** One line at most in this many milliseconds: a flood must not fill the disk too. */
const INTERVAL = 10_000;

/** Reports datagrams that were dropped, at a bounded rate. */
export class DropLog {
  readonly #logger: Logger;
  readonly #clock: () => number;
  #quietUntil = Number.NEGATIVE_INFINITY;
  #unreported = 0;

  constructor(logger: Logger, clock: () => number) {
    this.#logger = logger;
    this.#clock = clock;
  }

  /** A datagram from `address` was dropped because of `reason`. */
  dropped(reason: string, address: EngineAddress): void {
    this.#unreported++;
    const now = this.#clock();
    if (now < this.#quietUntil) return;
    this.#quietUntil = now + INTERVAL;
    const dropped = this.#unreported;
    this.#unreported = 0;
    const from = formatAddress(address);
    this.#logger.warn({ dropped, from }, `dropped a datagram from ${from}: ${reason}`);
  }
}
