import { NewestMap } from '../bytes/newest-map.ts';

/** Cancelled streams that are borne at once. */
const BURST = 100;

/** And of a peer whose streams came to good ends, one for each of these, up to so many: a crowd that leaves. */
const RESERVE = 1000;

/** … and a second after that: more than a service at its limits has, which many applications give up waiting for. */
const PER_SECOND = 200;

/**
 * A stream that the peer cancels after this long, milliseconds, is not counted: nothing can be hammered at that pace, and
 * upgraded connections often end so.
 */
export const LIVED = 30_000;

/** Peers that are kept in mind. */
const CAPACITY = 256;

/**
 * The streams that a peer cancelled of late, over all its connections, less those that were of use. Cancelling is
 * cheap for a peer, while whoever answers has begun to work: requests that are opened and cancelled without end would
 * hammer the service behind it, however few there are at once. So beyond a rate the next streams wait, unread, and the peer
 * with them, by the limit of streams (RFC 9000 §4.6).
 */
export class Cancellations {
  #count = 0;
  #countedAt: number;

  /** `now`: milliseconds of a monotonic clock, as everywhere here. */
  constructor(now: number) {
    this.#countedAt = now;
  }

  /** The peer cancelled a stream. However many there are, the next wait for a second at most. */
  add(now: number): void {
    this.#forget(now);
    this.#count = Math.min(BURST + PER_SECOND, this.#count + 1);
  }

  /** A connection was lost with so many streams: for that alone nobody has to wait. */
  lost(count: number, now: number): void {
    this.#forget(now);
    this.#count = Math.max(this.#count, Math.min(BURST, this.#count + count));
  }

  /** A stream came to a good end. */
  earn(): void {
    if (this.#count > -RESERVE) this.#count--;
  }

  /** Whether new streams have to wait. */
  areTooMany(now: number): boolean {
    // As a rule; then it costs nothing.
    if (this.#count <= BURST) return false;
    this.#forget(now);
    return this.#count > BURST;
  }

  /** Whether so many were cancelled that the next are likely to be, too. */
  get areMany(): boolean {
    return this.#count > BURST / 2;
  }

  /** Milliseconds until the next stream need not wait any more, if nothing else happens. */
  get wait(): number {
    return Math.max(0, Math.ceil(((this.#count - BURST) * 1000) / PER_SECOND));
  }

  #forget(now: number): void {
    if (this.#count > 0)
      this.#count = Math.max(0, this.#count - ((now - this.#countedAt) * PER_SECOND) / 1000);
    this.#countedAt = now;
  }
}

/** Those of each peer: by its certificate, so that a new connection is no new beginning. */
export class CancellationsByPeer {
  readonly #peers = new NewestMap<string, Cancellations>(CAPACITY);

  /** Of the peer whose certificate has this fingerprint. */
  of(fingerprint: string, now: number): Cancellations {
    const cancellations = this.#peers.get(fingerprint) ?? new Cancellations(now);
    this.#peers.set(fingerprint, cancellations);
    return cancellations;
  }
}
