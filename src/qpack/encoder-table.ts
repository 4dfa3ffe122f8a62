import { ownText } from '../bytes/own-text.ts';
import { DynamicTable, entrySize, type TableEntry } from './dynamic-table.ts';

/** An entry as the encoder sees it. */
export interface EncoderEntry extends TableEntry {
  /** Absolute index. */
  readonly index: number;
  /** Bytes that had been inserted before it: how far it is from being evicted. */
  readonly position: number;
  /** How often field sections refer to it that the decoder has not acknowledged (RFC 9204 §2.1.1). */
  references: number;
  /** The older entry that this one duplicates, while that may still be of use. */
  original: EncoderEntry | undefined;
}

interface NamedEntries {
  /** The newest entry with the name, and therefore the last of them to go. */
  newest: EncoderEntry;
  /** The newest entry with each value. */
  readonly values: Map<string, EncoderEntry>;
}

/**
 * The encoder's dynamic table: entries can be found by name and value, and none is evicted that the decoder may still
 * need, which is while it is not known to have it or a section that refers to it is unacknowledged (RFC 9204 §2.1.1).
 */
export class EncoderTable {
  readonly #table = new DynamicTable<EncoderEntry>();
  readonly #names = new Map<string, NamedEntries>();
  #inserted = 0;

  get capacity(): number {
    return this.#table.capacity;
  }

  get insertCount(): number {
    return this.#table.insertCount;
  }

  /** The newest entry with this name and value. */
  find(name: string, value: string): EncoderEntry | undefined {
    return this.#names.get(name)?.values.get(value);
  }

  /** The newest entry with this name. */
  findName(name: string): EncoderEntry | undefined {
    return this.#names.get(name)?.newest;
  }

  /** The entry's index as the encoder stream has it: 0 is the one inserted last (RFC 9204 §3.2.5). */
  relativeIndex(entry: EncoderEntry): number {
    return this.#table.insertCount - 1 - entry.index;
  }

  /**
   * Whether the entry is among those to be evicted next. A new reference would keep it, and with it the inserts that
   * need its place; a duplicate keeps what is in use (RFC 9204 §2.1.1.1).
   */
  isDraining(entry: EncoderEntry): boolean {
    return this.#inserted - entry.position > this.#table.capacity * (1 - DRAINING_SHARE);
  }

  /** Whether the entry was not evicted yet. */
  holds(entry: EncoderEntry): boolean {
    return entry.index >= this.#table.dropCount;
  }

  /** Whether an entry can be inserted without evicting what the decoder may need. */
  hasRoom(name: string, value: string, knownReceivedCount: number): boolean {
    return this.#canShrinkTo(this.#table.capacity - entrySize(name, value), knownReceivedCount);
  }

  /** Inserts an entry for which there is room ({@link EncoderTable.hasRoom}). */
  insert(name: string, value: string, original?: EncoderEntry): EncoderEntry {
    const size = entrySize(name, value);
    this.#shrinkTo(this.#table.capacity - size);
    const index = this.#table.insertCount;
    const entry = {
      name: ownText(name),
      value: ownText(value),
      index,
      position: this.#inserted,
      references: 0,
      original,
    };
    this.#table.insert(entry);
    this.#inserted += size;
    this.#remember(entry);
    return entry;
  }

  /** Sets the capacity; false, and nothing changes, when that would evict what the decoder may need. */
  setCapacity(capacity: number, knownReceivedCount: number): boolean {
    if (!this.#canShrinkTo(capacity, knownReceivedCount)) return false;
    this.#shrinkTo(capacity);
    this.#table.setCapacity(capacity);
    return true;
  }

  #canShrinkTo(target: number, knownReceivedCount: number): boolean {
    if (target < 0) return false;
    let size = this.#table.size;
    for (let index = this.#table.dropCount; size > target; index++) {
      const entry = this.#table.at(index);
      if (entry === undefined || entry.references > 0 || index >= knownReceivedCount) return false;
      size -= entrySize(entry.name, entry.value);
    }
    return true;
  }

  #shrinkTo(target: number): void {
    while (this.#table.size > target) this.#forget(this.#table.evictOldest());
  }

  #remember(entry: EncoderEntry): void {
    const named = this.#names.get(entry.name);
    if (named === undefined) {
      this.#names.set(entry.name, { newest: entry, values: new Map([[entry.value, entry]]) });
    } else {
      named.newest = entry;
      named.values.set(entry.value, entry);
    }
  }

  #forget(entry: EncoderEntry): void {
    // A chain of originals must not keep what was evicted.
    entry.original = undefined;
    const named = this.#names.get(entry.name);
    if (named?.newest === entry) this.#names.delete(entry.name);
    else if (named?.values.get(entry.value) === entry) named.values.delete(entry.value);
  }
}

// The share of the table, at its end, whose entries are duplicated rather than referred to.
const DRAINING_SHARE = 1 / 8;
