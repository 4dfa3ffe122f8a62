import { IdMap } from '../bytes/id-map.ts';
import type { QuicStreams, StreamId } from '../quic/port.ts';

/** Streams whose end was written and still waits for the peer's credit, with who wants to know when it does not. */
export class UnsentEnds {
  readonly #quic: QuicStreams;
  readonly #waiting = new IdMap<() => void>();

  constructor(quic: QuicStreams) {
    this.#quic = quic;
  }

  /** The end of a stream was written. */
  add(id: StreamId): void {
    this.#waiting.set(id, NOBODY);
  }

  /** Calls `done` when nothing of an ended stream waits any more: at once when nothing does. */
  whenSent(id: StreamId, done: () => void): void {
    if (this.#waiting.has(id)) this.#waiting.set(id, done);
    else done();
  }

  /** Abandons what still waits of an ended stream. */
  reset(id: StreamId, code: number): void {
    if (!this.#waiting.has(id)) return;
    this.#quic.resetStream(id, code);
    this.sent(id);
  }

  /** Nothing of the stream waits any more. */
  sent(id: StreamId): void {
    const done = this.#waiting.get(id);
    this.#waiting.delete(id);
    done?.();
  }

  /** The connection is over. */
  clear(): void {
    for (const id of [...this.#waiting.keys()]) this.sent(id);
  }
}

const NOBODY = (): void => {};
