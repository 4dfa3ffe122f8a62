import { IdMap } from '../bytes/id-map.ts';
import type { StreamId } from '../quic/port.ts';

/** Requests whose head is not complete, and since when they are there. */
export class PendingHeads {
  readonly #now: () => number;
  readonly #since = new IdMap<number>();

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  add(id: StreamId): void {
    this.#since.set(id, this.#now());
  }

  delete(id: StreamId): void {
    this.#since.delete(id);
  }

  /** Takes out those that began `age` milliseconds ago or earlier. */
  olderThan(age: number): readonly StreamId[] {
    const limit = this.#now() - age;
    const late = [...this.#since.keys()].filter((id) => (this.#since.get(id) ?? limit) <= limit);
    for (const id of late) this.#since.delete(id);
    return late;
  }
}
