import { LinkedList } from '../bytes/linked-list.ts';
import { Code } from '../h3/codes.ts';
import type { FloodCounters } from '../h3/flood-counters.ts';
import { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { Logger } from './failures.ts';
import type { AdmittedRequest } from './origin-dialogue.ts';
import { OriginUpgrade } from './origin-upgrade.ts';

/** Exchanges that are not over, and who waits for the end of each, and of all. */
export class Exchanges {
  readonly #logger: Logger;
  readonly #counters: FloodCounters;
  readonly #exchanges = new LinkedList<Exchange>();
  /** Exchanges whose answer the peer has not taken. */
  readonly #untaken: Deadlines<AdmittedRequest>;
  #onIdle: () => void = () => {};

  /** `patience`: milliseconds that a peer has for giving credit for what is left of an answer. */
  constructor(patience: number, logger: Logger, counters: FloodCounters) {
    this.#counters = counters;
    this.#untaken = new Deadlines(patience, (entry) => this.#cut(entry));
    this.#logger = logger;
  }

  get size(): number {
    return this.#exchanges.size;
  }

  /** Upgrades among them. */
  get upgrades(): number {
    let count = 0;
    for (const exchange of this.#exchanges) if (exchange instanceof OriginUpgrade) count++;
    return count;
  }

  add(exchange: Exchange): void {
    this.#exchanges.add(exchange);
  }

  leave(exchange: Exchange): void {
    if (this.#exchanges.delete(exchange)) this.#linger(exchange);
    if (this.size === 0) this.#onIdle();
  }

  /** Calls `step` each time that all are over, at that very moment: a moment later there may be others. */
  whenIdle(step: () => void): void {
    this.#onIdle = step;
    if (this.size === 0) step();
  }

  /** Says goodbye to those that are WebSockets. */
  farewell(): void {
    for (const exchange of this.#exchanges) if (exchange instanceof OriginUpgrade) exchange.farewell();
  }

  /** Breaks all of them off. */
  abort(): void {
    for (const exchange of this.#exchanges) exchange.abort();
  }

  // The origin is done, but not the peer: one that takes nothing must not get answer after answer to be held for it.
  #linger({ admitted, onOver }: Exchange): void {
    const deadline = this.#untaken.start(admitted);
    admitted.stream.whenSent(() => {
      deadline.leave();
      onOver();
    });
  }

  #cut({ stream, account }: AdmittedRequest): void {
    this.#logger.info(account.details, 'answer cut: the peer took nothing for stream_idle_timeout');
    this.#counters.untakenAnswers++;
    stream.resetSending(Code.H3_REQUEST_CANCELLED);
  }
}
