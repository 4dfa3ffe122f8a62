import type { IdMap } from '../bytes/id-map.ts';
import type { StreamId } from './port.ts';

/** From one request to the next (RFC 9000 §2.1: the two low bits are the stream's type, 0 for what a client opens both ways). */
const STEP = 4;

/** Requests among which the order is looked after; others may be older, as event streams are. */
const SPAN = 256 * STEP;

/**
 * Open streams, those first that are likely to have something: responses come in about the order of their requests. So whoever
 * asks one after the other, until nothing is left, asks about as many as have something.
 */
export class ReadingOrder<Value extends { readonly id: StreamId }> {
  readonly #streams: Pick<IdMap<Value>, 'get' | 'has' | 'values'>;
  #oldest: StreamId = 0;
  #newest: StreamId = -STEP;

  constructor(streams: Pick<IdMap<Value>, 'get' | 'has' | 'values'>) {
    this.#streams = streams;
  }

  /** A stream is there. */
  opened(id: StreamId): void {
    if (id % STEP === 0 && id > this.#newest) this.#newest = id;
  }

  /** All of them, once each; what comes or goes meanwhile may be among them or not. */
  *streams(): IterableIterator<Value> {
    const newest = this.#newest;
    const oldest = this.#findOldest();
    for (let id = oldest; id <= newest; id += STEP) {
      const stream = this.#streams.get(id);
      if (stream !== undefined) yield stream;
    }
    for (const stream of this.#streams.values()) {
      const { id } = stream;
      if (id % STEP !== 0 || id < oldest || id > newest) yield stream;
    }
  }

  #findOldest(): StreamId {
    this.#oldest = Math.max(this.#oldest, this.#newest - SPAN);
    while (this.#oldest <= this.#newest && !this.#streams.has(this.#oldest)) this.#oldest += STEP;
    return this.#oldest;
  }
}
