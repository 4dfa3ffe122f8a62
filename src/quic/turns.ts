import { type Link, LinkedList } from '../bytes/linked-list.ts';

/** Urgencies of RFC 9218 §4.1: 0 comes first. */
const URGENCIES = 8;

/** Who takes turns. */
export interface Turnable extends Link {
  readonly urgency: number;
  /** Shares with others of its urgency, a slice each; otherwise it is served to its end before them. */
  readonly incremental: boolean;
}

/** Whose turn it is to send: the most urgent first, and those of one urgency by RFC 9218 §10. */
export class Turns<T extends Turnable> {
  readonly #lines = Array.from({ length: URGENCIES }, () => new LinkedList<T>());
  /** By urgency: the one that is served to its end. */
  readonly #served: (T | undefined)[] = new Array(URGENCIES).fill(undefined);
  #size = 0;

  get size(): number {
    return this.#size;
  }

  has(item: T): boolean {
    return this.#served[item.urgency] === item || this.#line(item).has(item);
  }

  /** Joins the end of its line; does nothing for one that waits already. */
  add(item: T): void {
    if (this.#served[item.urgency] === item) return;
    const line = this.#line(item);
    const before = line.size;
    line.add(item);
    this.#size += line.size - before;
  }

  delete(item: T): void {
    if (this.#line(item).delete(item)) this.#size--;
    else if (this.#served[item.urgency] === item) {
      this.#served[item.urgency] = undefined;
      this.#size--;
    }
  }

  /** Takes out the one whose turn it is. */
  next(): T | undefined {
    for (let urgency = 0; urgency < URGENCIES; urgency++) {
      const item = this.#served[urgency] ?? this.#lines[urgency]?.first;
      if (item === undefined) continue;
      this.delete(item);
      return item;
    }
    return undefined;
  }

  /** Puts one back that had its turn and has more. */
  again(item: T): void {
    if (item.incremental) this.add(item);
    else {
      this.#served[item.urgency] = item;
      this.#size++;
    }
  }

  #line(item: T): LinkedList<T> {
    return this.#lines[item.urgency] as LinkedList<T>;
  }
}
