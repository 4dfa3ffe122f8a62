/** What an entry takes beyond its name and value (RFC 9204 §3.2.1). */
export const ENTRY_OVERHEAD = 32;

/** Size of an entry, in bytes, by RFC 9204 §3.2.1. */
export function entrySize(name: string, value: string): number {
  return name.length + value.length + ENTRY_OVERHEAD;
}

/** A field line in the dynamic table. Names and values hold one byte per character. */
export interface TableEntry {
  readonly name: string;
  readonly value: string;
}

/**
 * The dynamic table (RFC 9204 §3.2): first in, first out, addressed by absolute index. It evicts what it is told to;
 * the encoder asks first whether it may.
 */
export class DynamicTable<Entry extends TableEntry> {
  // A ring: the entry with absolute index i lies at i modulo the length, which is a power of two.
  #ring: (Entry | undefined)[] = new Array(INITIAL_RING).fill(undefined);
  #capacity = 0;
  #size = 0;
  #insertCount = 0;
  #dropCount = 0;

  /** Most that {@link DynamicTable.size} may be, in bytes. */
  get capacity(): number {
    return this.#capacity;
  }

  /** Sum of the entries' sizes, in bytes. */
  get size(): number {
    return this.#size;
  }

  /** Entries ever inserted: the absolute index of the next. */
  get insertCount(): number {
    return this.#insertCount;
  }

  /** Entries ever evicted: the absolute index of the oldest that is left. */
  get dropCount(): number {
    return this.#dropCount;
  }

  /** The entry with this absolute index, unless it was evicted or is still to come. */
  at(index: number): Entry | undefined {
    if (index < this.#dropCount || index >= this.#insertCount) return undefined;
    return this.#ring[index % this.#ring.length];
  }

  /** Sets the capacity, evicting what no longer fits. */
  setCapacity(capacity: number): void {
    while (this.#size > capacity) this.evictOldest();
    this.#capacity = capacity;
  }

  /** Inserts an entry of at most the capacity, evicting what it takes the place of. */
  insert(entry: Entry): void {
    const size = entrySize(entry.name, entry.value);
    while (this.#size + size > this.#capacity) this.evictOldest();
    if (this.#insertCount - this.#dropCount === this.#ring.length) this.#grow();
    this.#ring[this.#insertCount % this.#ring.length] = entry;
    this.#insertCount++;
    this.#size += size;
  }

  /** Removes and returns the oldest entry. Throws a RangeError when there is none. */
  evictOldest(): Entry {
    const oldest = this.at(this.#dropCount);
    if (oldest === undefined) throw new RangeError('nothing to evict from the dynamic table');
    this.#ring[this.#dropCount % this.#ring.length] = undefined;
    this.#dropCount++;
    this.#size -= entrySize(oldest.name, oldest.value);
    return oldest;
  }

  #grow(): void {
    const grown: (Entry | undefined)[] = new Array(this.#ring.length * 2).fill(undefined);
    for (let index = this.#dropCount; index < this.#insertCount; index++) {
      grown[index % grown.length] = this.at(index);
    }
    this.#ring = grown;
  }
}

const INITIAL_RING = 64;
