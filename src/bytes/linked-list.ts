/** What can stand in a list: in one at a time. */
export abstract class Link {
  /** The list's to use, as all of these. */
  list: { delete(item: Link): boolean } | undefined;
  previous: Link | undefined;
  next: Link | undefined;

  /** Leaves the list, if it is in one. */
  leave(): void {
    this.list?.delete(this);
  }
}

/**
 * A list that anything can leave at any time, in the order of joining. For what comes and goes with each request it stands in the
 * place of a Set, whose table is copied again and again as it fills with what was deleted: each copy is referred to by the one
 * before, so that the garbage collector, once it has moved one to where old objects are, moves all that follow there as well,
 * with all that was in them. What has left a list refers to nothing of it.
 */
export class LinkedList<Item extends Link> {
  #first: Item | undefined;
  #last: Item | undefined;
  #size = 0;

  get size(): number {
    return this.#size;
  }

  get first(): Item | undefined {
    return this.#first;
  }

  has(item: Item): boolean {
    return item.list === this;
  }

  /** Joins at the end; nothing happens if it is there already. It must not be in another list. */
  add(item: Item): void {
    if (item.list === this) return;
    item.list = this;
    item.previous = this.#last;
    if (this.#last === undefined) this.#first = item;
    else this.#last.next = item;
    this.#last = item;
    this.#size++;
  }

  /** Leaves. False: it was not there. */
  delete(item: Item): boolean {
    if (item.list !== this) return false;
    const { previous, next } = item;
    if (previous === undefined) this.#first = next as Item | undefined;
    else previous.next = next;
    if (next === undefined) this.#last = previous as Item | undefined;
    else next.previous = previous;
    item.list = undefined;
    item.previous = undefined;
    item.next = undefined;
    this.#size--;
    return true;
  }

  /** The first of them, `most` at most. */
  oldest(most: number): readonly Item[] {
    const items: Item[] = [];
    let item = this.#first;
    while (item !== undefined && items.length < most) {
      items.push(item);
      item = item.next as Item | undefined;
    }
    return items;
  }

  /** Those that are in it now, without those that leave before their turn. */
  *[Symbol.iterator](): IterableIterator<Item> {
    for (const item of this.oldest(this.#size)) if (item.list === this) yield item;
  }
}
