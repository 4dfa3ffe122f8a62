import type { StreamId } from '../quic/port.ts';

/**
 * Tells a peer's new request stream from one that is over, without remembering all of them: identifiers are used in
 * order (RFC 9000 §2.1), though they may arrive out of order. What a later one has overtaken is remembered, and
 * that is no more than the streams that QUIC has allowed.
 */
export class PeerStreamIds {
  #next: StreamId = 0;
  readonly #overtaken = new Set<StreamId>();

  /** The first identifier that no stream of the peer's has reached (for GOAWAY, RFC 9114 §5.2). */
  get next(): StreamId {
    return this.#next;
  }

  /** Whether the stream is seen for the first time. */
  take(id: StreamId): boolean {
    if (id < this.#next) return this.#overtaken.delete(id);
    for (let skipped = this.#next; skipped < id; skipped += 4) this.#overtaken.add(skipped);
    this.#next = id + 4;
    return true;
  }
}
