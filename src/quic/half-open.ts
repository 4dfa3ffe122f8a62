import type { DropReason } from './meter.ts';

/** Handshakes under way at once, in all and from one network: each holds memory for a peer nobody knows yet. */
const HANDSHAKES = 64;
const HANDSHAKES_PER_NETWORK = 4;

/**
 * From so many on, strangers have to show that their address is theirs. Less than a network has places: when an end was
 * stopped for a while, the attempts of clients that are long gone come first, and would take them all.
 */
const CROWDED = HANDSHAKES_PER_NETWORK - 1;

/** Counts handshakes that are under way. */
export class HalfOpen {
  readonly #byNetwork = new Map<string, number>();
  #count = 0;

  /** Whether so many are under way that it looks like a flood. */
  get isCrowded(): boolean {
    return this.#count >= CROWDED;
  }

  /** Why there is no place for one more from `network`, or `undefined`. */
  refusal(network: string): DropReason | undefined {
    if (this.#count >= HANDSHAKES) return 'handshakes';
    const ofNetwork = this.#byNetwork.get(network) ?? 0;
    return ofNetwork >= HANDSHAKES_PER_NETWORK ? 'handshakes_of_address' : undefined;
  }

  enter(network: string): void {
    this.#count++;
    this.#byNetwork.set(network, (this.#byNetwork.get(network) ?? 0) + 1);
  }

  /** A handshake from `network` is over, well or badly. */
  leave(network: string): void {
    this.#count--;
    const left = (this.#byNetwork.get(network) ?? 1) - 1;
    if (left === 0) this.#byNetwork.delete(network);
    else this.#byNetwork.set(network, left);
  }
}
