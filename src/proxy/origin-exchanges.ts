import { Code } from '../h3/codes.ts';
import type { FloodCounters } from '../h3/flood-counters.ts';
import type { OnOver } from './admission.ts';
import { Deadlines } from './deadlines.ts';
import type { Logger } from './failures.ts';
import type { RequestOutcome } from './observer.ts';
import type { AdmittedRequest } from './origin-dialogue.ts';
import type { OriginExchange } from './origin-exchange.ts';
import { OriginUpgrade } from './origin-upgrade.ts';

type Exchange = OriginExchange | OriginUpgrade;

/**
 * A request that the peer gives up after this long, milliseconds, is not cancelled as far as the service is concerned:
 * nothing can be hammered at that pace, and upgraded connections often end so.
 */
const LIVED = 5000;

interface Entry {
  readonly since: number;
  readonly admitted: AdmittedRequest;
  readonly onOver: OnOver;
}

/** Exchanges that are not over, and who waits for the end of each, and of all. */
export class Exchanges {
  readonly #logger: Logger;
  readonly #counters: FloodCounters;
  readonly #entries = new Map<Exchange, Entry>();
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
    return this.#entries.size;
  }

  /** Upgrades among them. */
  get upgrades(): number {
    let count = 0;
    for (const exchange of this.#entries.keys()) if (exchange instanceof OriginUpgrade) count++;
    return count;
  }

  add(exchange: Exchange, admitted: AdmittedRequest, onOver: OnOver): void {
    this.#entries.set(exchange, { since: performance.now(), admitted, onOver });
  }

  leave(exchange: Exchange, outcome: RequestOutcome): void {
    const entry = this.#entries.get(exchange);
    this.#entries.delete(exchange);
    if (entry !== undefined) this.#linger(entry, outcome === 'aborted');
    if (this.size === 0) this.#onIdle();
  }

  /** Calls `step` each time that all are over, at that very moment: a moment later there may be others. */
  whenIdle(step: () => void): void {
    this.#onIdle = step;
    if (this.size === 0) step();
  }

  /** Says goodbye to those that are WebSockets. */
  farewell(): void {
    for (const exchange of this.#entries.keys()) if (exchange instanceof OriginUpgrade) exchange.farewell();
  }

  /** Breaks all of them off. */
  abort(): void {
    for (const exchange of this.#entries.keys()) exchange.abort();
  }

  // The origin is done, but not the peer: one that takes nothing must not get answer after answer to be held for it.
  #linger({ since, admitted, onOver }: Entry, aborted: boolean): void {
    const cancelled = aborted && performance.now() - since < LIVED;
    this.#untaken.start(admitted);
    admitted.stream.whenSent(() => {
      this.#untaken.stop(admitted);
      onOver(cancelled);
    });
  }

  #cut({ stream, account }: AdmittedRequest): void {
    this.#logger.info(account.details, 'answer cut: the peer took nothing for stream_idle_timeout');
    this.#counters.untakenAnswers++;
    stream.resetSending(Code.H3_REQUEST_CANCELLED);
  }
}
