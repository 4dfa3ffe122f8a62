import { type Cancellations, LIVED } from './cancellations.ts';
import { isServerInitiated, isUnidirectional, type Role, type StreamId } from './port.ts';
import type { Stream } from './stream.ts';

/**
 * Places for streams of the peer beyond those that it may have open. For the engine a stream is over as soon as both ends said
 * so, and the peer may open another; here it is when a sweep has found out, and work for it has ended.
 */
const LAGGARDS = 256;

/** A stream, as far as its place is concerned. */
export type Placed = Pick<Stream, 'id' | 'since' | 'fate'>;

/** Who cancelled streams of late, and who hears when it was too many. */
export interface PlaceKeeping {
  readonly cancellations: Cancellations;
  readonly onKept: () => void;
}

/**
 * Streams of the peer that are looked after at once: so many, and no more; and none for a while when it cancelled too many. What
 * others bring waits in the engine, unread.
 */
export class Places {
  readonly #role: Role;
  readonly #most: number;
  readonly #cancellations: Cancellations;
  readonly #onKept: () => void;
  #taken = 0;
  #isWanted = false;

  /** `open`: streams that the peer may have open. */
  constructor(role: Role, open: number, { cancellations, onKept }: PlaceKeeping) {
    this.#role = role;
    this.#most = open + LAGGARDS;
    this.#cancellations = cancellations;
    this.#onKept = onKept;
  }

  /** Whether there is a place for a stream; there is none for ours. `now`: milliseconds, as everywhere here. */
  take(id: StreamId, now: number): boolean {
    if (!this.#isPeers(id)) return false;
    // Other streams than requests are not cancelled, and do not wait for those that were.
    const isFull = isUnidirectional(id) ? this.#taken >= this.#most : this.#isFull(now);
    if (isFull) this.#isWanted = true;
    else this.#taken++;
    return !isFull;
  }

  /** The peer cancelled a stream, which may not be over yet. */
  cancelled({ id, since }: Placed, now: number): void {
    if (!this.#isPeers(id) || isUnidirectional(id) || now - since >= LIVED) return;
    this.#cancellations.add(now);
    if (this.#cancellations.areTooMany(now)) this.#onKept();
  }

  /** A stream is over. */
  release({ id, fate }: Placed): void {
    if (!this.#isPeers(id)) return;
    this.#taken--;
    if (fate === 'good' && !isUnidirectional(id)) this.#cancellations.earn();
  }

  /** The connection is over, and these streams with it. */
  lost(streams: Iterable<Placed>, now: number): void {
    let count = 0;
    for (const { id, since } of streams) {
      if (this.#isPeers(id) && !isUnidirectional(id) && now - since < LIVED) count++;
    }
    this.#cancellations.lost(count, now);
  }

  /** Whether a request would find a place; if not, one is wanted. */
  want(now: number): boolean {
    if (!this.#isFull(now)) return true;
    this.#isWanted = true;
    return false;
  }

  /** Whether the peer is likely to have cancelled the next stream by the time that it gets a place. */
  get areDoubtful(): boolean {
    return this.#cancellations.areMany;
  }

  /** A place is free that was wanted in vain. */
  hasRoomAgain(now: number): boolean {
    return this.#isWanted && !this.#isFull(now);
  }

  /** When a place may be free that is wanted, if no stream is over before. */
  roomAt(now: number): number {
    if (!this.#isWanted) return Number.POSITIVE_INFINITY;
    if (this.#cancellations.areTooMany(now)) return now + this.#cancellations.wait;
    // It may have come free between the question and this one.
    return this.#isFull(now) ? Number.POSITIVE_INFINITY : now;
  }

  /** Whoever wanted one is about to ask again. */
  askAgain(): void {
    this.#isWanted = false;
  }

  #isFull(now: number): boolean {
    return this.#taken >= this.#most || this.#cancellations.areTooMany(now);
  }

  #isPeers(id: StreamId): boolean {
    return isServerInitiated(id) !== (this.#role === 'server');
  }
}
