import type { StreamId } from '../quic/port.ts';

/** Requests whose head is not complete, and since when they are there. */
export class PendingHeads {
  readonly #now: () => number;
  /** In the order of their beginning: a Map keeps it. */
  readonly #since = new Map<StreamId, number>();

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
    const late: StreamId[] = [];
    const limit = this.#now() - age;
    for (const [id, since] of this.#since) {
      if (since > limit) break;
      this.#since.delete(id);
      late.push(id);
    }
    return late;
  }
}
