import { NewestMap } from '../bytes/newest-map.ts';
import type { Blame } from './port.ts';
import { RateLimit } from './rate-limit.ts';

/** What connections that have to be closed may cost a network: at once, and for each millisecond. */
const BORNE = { rate: 0.02, store: 400 };

/** A rule that is broken costs a handshake; a flood, all that came before it was found out besides. */
const COST: Readonly<Record<Blame, number>> = { breach: 10, flood: 20 };

/** Networks that are kept in mind; of those that are long forgiven, the oldest is forgotten first. */
const CAPACITY = 256;

/**
 * Networks whose peers, though they proved who they are, have to be disconnected again and again. They have to wait before
 * they may come again.
 */
export class Offenders {
  readonly #networks = new NewestMap<string, RateLimit>(CAPACITY);

  /** A connection from `network` is closed for what its peer did. */
  add(network: string, blame: Blame, now: number): void {
    const limit = this.#networks.get(network) ?? new RateLimit(BORNE.rate, BORNE.store);
    limit.allows(now);
    limit.spend(COST[blame]);
    this.#networks.set(network, limit);
  }

  /** Whether a peer from `network` may come. */
  allows(network: string, now: number): boolean {
    return this.#networks.get(network)?.allows(now) ?? true;
  }
}
