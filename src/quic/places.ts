import type { Cancellations } from './cancellations.ts';

/**
 * Places for streams of the peer beyond those that it may have open. For the engine a stream is over as soon as both ends said
 * so, and the peer may open another; here it is when a sweep has found out, and work for it has ended.
 */
const LAGGARDS = 256;

/** Streams of the peer that are looked after at once: so many, and no more. What others bring waits in the engine, unread. */
export class Places {
  readonly #most: number;
  readonly #cancellations: Cancellations;
  readonly #onKept: () => void;
  #taken = 0;
  #isWanted = false;

  /** `open`: streams that the peer may have open. `onKept`: a stream was cancelled, and the next have to wait for a while. */
  constructor(open: number, cancellations: Cancellations, onKept: () => void) {
    this.#most = open + LAGGARDS;
    this.#cancellations = cancellations;
    this.#onKept = onKept;
  }

  /** Whether there was a place. `now`: milliseconds. */
  take(now: number): boolean {
    return this.#takeUnless(this.isFull(now));
  }

  /** As {@link take}, for a stream that cannot be cancelled: it does not wait for the places of those that were. */
  takeAnyway(): boolean {
    return this.#takeUnless(this.#taken >= this.#most);
  }

  release(): void {
    this.#taken--;
  }

  /** A stream was cancelled by the peer. */
  cancelled(now: number): void {
    this.#cancellations.add(now);
    if (this.#cancellations.areTooMany(now)) this.#onKept();
  }

  /** One came to a good end. */
  completed(): void {
    this.#cancellations.earn();
  }

  /** The connection is over, and with it so many streams. */
  lost(count: number, now: number): void {
    this.#cancellations.lost(count, now);
  }

  /** No request finds a place. */
  isFull(now: number): boolean {
    return this.#taken >= this.#most || this.#cancellations.areTooMany(now);
  }

  /** A place is free that was wanted in vain. */
  hasRoomAgain(now: number): boolean {
    return this.#isWanted && !this.isFull(now);
  }

  /** When a place may be free that is wanted, if nothing is released before. */
  roomAt(now: number): number {
    const isKept = this.#isWanted && this.#cancellations.areTooMany(now);
    return isKept ? now + this.#cancellations.wait : Number.POSITIVE_INFINITY;
  }

  /** Whoever wanted one is about to ask again. */
  askAgain(): void {
    this.#isWanted = false;
  }

  #takeUnless(isFull: boolean): boolean {
    if (isFull) this.#isWanted = true;
    else this.#taken++;
    return !isFull;
  }
}
