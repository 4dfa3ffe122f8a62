/** Slots of an empty map. A power of two, as each other size is. */
const LEAST_SLOTS = 16;

/** So many are kept, however few are used: the number of requests at once may go up and down a thousand times a second. */
const SLOTS_KEPT = 256;

/** 2 to the 32nd by the golden ratio: multiples of it spread evenly. */
const GOLDEN = 0x9e3779b1;

/** Stands for an identifier where there is none. */
const NONE = -1;

/**
 * A map from stream identifiers. What is deleted leaves nothing behind: unlike a Map's (see `LinkedList`) its tables are copied
 * only when it grows or shrinks, and know nothing of one another.
 */
export class IdMap<Value extends NonNullable<unknown>> {
  #ids: number[] = [];
  #values: (Value | undefined)[] = [];
  #mask = 0;
  /** What is left of 32 bits is a slot. */
  #shift = 0;
  #size = 0;

  constructor() {
    this.#clear(LEAST_SLOTS);
  }

  get size(): number {
    return this.#size;
  }

  get(id: number): Value | undefined {
    return this.#values[this.#slot(id)];
  }

  has(id: number): boolean {
    return this.#ids[this.#slot(id)] === id;
  }

  set(id: number, value: Value): void {
    const slot = this.#slot(id);
    this.#values[slot] = value;
    if (this.#ids[slot] === id) return;
    this.#ids[slot] = id;
    if (++this.#size * 2 > this.#mask) this.#resize((this.#mask + 1) * 2);
  }

  /** False: it was not there. */
  delete(id: number): boolean {
    const slot = this.#slot(id);
    if (this.#ids[slot] !== id) return false;
    this.#empty(slot);
    this.#size--;
    const slots = this.#mask + 1;
    if (slots > SLOTS_KEPT && this.#size * 16 < slots) this.#resize(slots / 2);
    return true;
  }

  clear(): void {
    this.#clear(LEAST_SLOTS);
  }

  /**
   * All of them, in no order. What comes or goes meanwhile may be among them or not; what neither comes nor goes may, then, be
   * left out or come twice.
   */
  *values(): IterableIterator<Value> {
    const values = this.#values;
    // By index: an array's own iterator would cost more than what is done with most of them.
    for (let slot = 0; slot < values.length; slot++) {
      const value = values[slot];
      if (value !== undefined) yield value;
    }
  }

  /** As {@link values}. */
  *keys(): IterableIterator<number> {
    for (const id of this.#ids) if (id !== NONE) yield id;
  }

  /** Where it is, or would be. */
  #slot(id: number): number {
    let slot = this.#home(id);
    for (;;) {
      const found = this.#ids[slot];
      if (found === id || found === NONE) return slot;
      slot = (slot + 1) & this.#mask;
    }
  }

  /**
   * Without the two low bits, the stream's type (RFC 9000 §2.1), which are mostly the same. Neighbours are put far apart:
   * whoever leaves a long row has to look at all of it.
   */
  #home(id: number): number {
    return Math.imul(id >>> 2, GOLDEN) >>> this.#shift;
  }

  /** Closes the gap: whoever stands behind it, but belongs before it, moves up. */
  #empty(slot: number): void {
    let gap = slot;
    for (let next = (gap + 1) & this.#mask; ; next = (next + 1) & this.#mask) {
      const id = this.#ids[next] as number;
      if (id === NONE) break;
      const way = (next - this.#home(id)) & this.#mask;
      if (way < ((next - gap) & this.#mask)) continue;
      this.#ids[gap] = id;
      this.#values[gap] = this.#values[next];
      gap = next;
    }
    this.#ids[gap] = NONE;
    this.#values[gap] = undefined;
  }

  #resize(slots: number): void {
    const ids = this.#ids;
    const values = this.#values;
    this.#clear(slots);
    for (let slot = 0; slot < ids.length; slot++) {
      if (ids[slot] !== NONE) this.set(ids[slot] as number, values[slot] as Value);
    }
  }

  #clear(slots: number): void {
    this.#ids = new Array<number>(slots).fill(NONE);
    this.#values = new Array<Value | undefined>(slots).fill(undefined);
    this.#mask = slots - 1;
    this.#shift = Math.clz32(slots) + 1;
    this.#size = 0;
  }
}
