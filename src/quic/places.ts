/**
 * Places for streams of the peer beyond those that it may have open. For the engine a stream is over as soon as both ends said
 * so, and the peer may open another; here it is when a sweep has found out, and work for it has ended.
 */
const LAGGARDS = 256;

/** Streams of the peer that are looked after at once: so many, and no more. What others bring waits in the engine, unread. */
export class Places {
  readonly #most: number;
  #taken = 0;
  #isWanted = false;

  /** `open`: streams that the peer may have open. */
  constructor(open: number) {
    this.#most = open + LAGGARDS;
  }

  /** Whether there was a place. */
  take(): boolean {
    if (this.#taken < this.#most) {
      this.#taken++;
      return true;
    }
    this.#isWanted = true;
    return false;
  }

  release(): void {
    this.#taken--;
  }

  /** A place is free that was wanted in vain. */
  get hasRoomAgain(): boolean {
    return this.#isWanted && this.#taken < this.#most;
  }

  /** Whoever wanted one is about to ask again. */
  askAgain(): void {
    this.#isWanted = false;
  }
}
