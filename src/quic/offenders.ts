import { NewestMap } from '../bytes/newest-map.ts';
import type { Blame } from './port.ts';
import { RateLimit } from './rate-limit.ts';

/** What connections that have to be closed may cost a network: at once, and for each millisecond. */
const BORNE = { rate: 0.02, store: 400 };

/** A flood costs this much, as all that came before it was found out. */
const FLOOD = 20;

/** A rule that is broken costs a handshake, and for so many streams that came before, as much again. */
const STREAMS = 8;

/** What a connection cost that had to be closed for what its peer did, `streams` of it opened. */
export function offence(blame: Blame, streams: number): number {
  return blame === 'flood' ? FLOOD : Math.min(FLOOD, 1 + Math.floor(streams / STREAMS));
}

/** Networks that are kept in mind; of those that are long forgiven, the oldest is forgotten first. */
const CAPACITY = 256;

/**
 * Networks whose peers, though they proved who they are, have to be disconnected again and again. They have to wait before
 * they may come again.
 */
export class Offenders {
  readonly #networks = new NewestMap<string, RateLimit>(CAPACITY);

  /** A connection from `network` is closed for what its peer did. `cost`: an {@link offence}. */
  add(network: string, cost: number, now: number): void {
    const limit = this.#networks.get(network) ?? new RateLimit(BORNE.rate, BORNE.store);
    limit.allows(now);
    limit.spend(cost);
    this.#networks.set(network, limit);
  }

  /** Whether a peer from `network` may come. */
  allows(network: string, now: number): boolean {
    return this.#networks.get(network)?.allows(now) ?? true;
  }
}
