/**
 * A datagram of at most so many bytes brings acknowledgments, credit and the like, when nothing of a stream came with it. A
 * question for another path is never that short (RFC 9000 §8.2.1).
 */
const SMALL = 64;

/** How long an answer to that may wait, milliseconds: less than the 25 of RFC 9000 §13.2.1 and §18.2 (max_ack_delay). */
const DELAY = 15;

/** When nothing else has left for so long, milliseconds, nothing will within that: waiting would only wake the process up again. */
const LULL = 100;

/**
 * Whether what came calls for an answer at once. The engine announces each stream that it allows anew in a datagram of its own once
 * there have been more than may be open: it compares what is left with half of all that there ever were (MAX_STREAMS, RFC 9000
 * §4.6). The peer's engine acknowledges that with another datagram. A request alone would take six datagrams instead of four for
 * the rest of the session, and each wakes a process up. Both can wait for what leaves next.
 */
export class Answer {
  #isDue = true;
  /** Something came that wants an answer sooner or later. */
  #isOwed = false;
  /** There was something to send besides answers and questions; and when that left last. */
  #isBusy = true;
  #busyAt = Number.NEGATIVE_INFINITY;
  /** When it leaves at the latest, milliseconds; `Infinity` when none waits. */
  due = Number.POSITIVE_INFINITY;

  /** A datagram of so many bytes came. */
  received(bytes: number): void {
    this.#isOwed = true;
    if (bytes > SMALL) this.demand();
  }

  /** Something came, or happened, that must not wait. */
  demand(): void {
    this.#isDue = true;
    this.#isBusy = true;
  }

  /** The peer is asked for an answer. */
  ask(): void {
    this.#isDue = true;
  }

  /** Whether what leaves, if there is no stream data, is only that which may wait. */
  get isAll(): boolean {
    return !this.#isDue;
  }

  /** Nothing has left for a while but answers and questions. */
  isAtRest(now: number): boolean {
    return now > this.#busyAt + LULL;
  }

  /** Whether there is nothing to send but what may wait. */
  mayWait(now: number): boolean {
    if (this.#isDue || this.isAtRest(now)) return false;
    if (this.#isOwed && this.due === Number.POSITIVE_INFINITY) this.due = now + DELAY;
    return now < this.due;
  }

  /** All that there was has left. */
  given(now: number): void {
    if (this.#isBusy) this.#busyAt = now;
    this.#isBusy = false;
    this.#isDue = false;
    this.#isOwed = false;
    this.due = Number.POSITIVE_INFINITY;
  }
}
