import { RateLimit } from './rate-limit.ts';

/** Connections that are closed for floods: so many at once, and one more in so many milliseconds. */
const FLOODS = { store: 20, interval: 1000 };

/** Networks that are kept in mind; of those that are long forgiven, the oldest is forgotten first. */
const CAPACITY = 256;

/**
 * Networks whose peers, though they proved who they are, ask for too much in vain again and again: each time it costs a
 * handshake, and what they did until they were found out. They have to wait before they may come again.
 */
export class Offenders {
  readonly #networks = new Map<string, RateLimit>();

  /** A connection from `network` is closed for a flood. */
  add(network: string, now: number): void {
    const limit = this.#networks.get(network) ?? new RateLimit(1 / FLOODS.interval, FLOODS.store);
    limit.allows(now);
    limit.spend(1);
    this.#networks.delete(network);
    this.#networks.set(network, limit);
    if (this.#networks.size <= CAPACITY) return;
    for (const oldest of this.#networks.keys()) {
      this.#networks.delete(oldest);
      return;
    }
  }

  /** Whether a peer from `network` may come. */
  allows(network: string, now: number): boolean {
    return this.#networks.get(network)?.allows(now) ?? true;
  }
}
