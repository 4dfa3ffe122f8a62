/** How long acknowledgments wait for something that they can leave with, milliseconds (RFC 9000 §13.2.1 lets them 25). */
const DELAY = 1;

/** So many datagrams are acknowledged at once: a sender that fills its window must not wait. */
const DATAGRAMS = 8;

/**
 * Whether what a turn of the event loop brought may be answered later. The engine acknowledges whenever it is asked for
 * datagrams; but an answer, or the next request, often follows within a fraction of a millisecond, and a datagram of its
 * own costs more at both ends than all the rest of a small request's way. Times are milliseconds.
 */
export class Acknowledging {
  #datagrams = 0;
  #hasMore = true;
  /** When acknowledgments leave at the latest; `Infinity` when none wait. */
  due = Number.POSITIVE_INFINITY;

  /** A datagram came. */
  received(): void {
    this.#datagrams++;
  }

  /** There is, or may be, something else to send. */
  hasMore(): void {
    this.#hasMore = true;
  }

  /** Whether nothing needs to leave now. */
  mayWait(now: number): boolean {
    if (this.#hasMore || this.#datagrams === 0 || this.#datagrams >= DATAGRAMS) return false;
    if (this.due === Number.POSITIVE_INFINITY) this.due = now + DELAY;
    return now < this.due;
  }

  /** All that there was has left. */
  answered(): void {
    this.#datagrams = 0;
    this.#hasMore = false;
    this.due = Number.POSITIVE_INFINITY;
  }
}
