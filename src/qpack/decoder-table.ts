import { DynamicTable, entrySize, type TableEntry } from './dynamic-table.ts';
import { QPACK_ENCODER_STREAM_ERROR, QpackError } from './errors.ts';
import type { EncoderInstructions } from './instructions.ts';
import { STATIC_NAMES } from './static-table.ts';

/**
 * The decoder's dynamic table, changed by the peer's encoder stream alone. Instructions that break a rule are raised
 * as a QpackError with QPACK_ENCODER_STREAM_ERROR.
 */
export class DecoderTable implements EncoderInstructions {
  readonly #maxCapacity: number;
  readonly #table = new DynamicTable<TableEntry>();

  /** `maxCapacity`: the SETTINGS_QPACK_MAX_TABLE_CAPACITY that we announce, in bytes. */
  constructor(maxCapacity: number) {
    this.#maxCapacity = maxCapacity;
  }

  /** Entries inserted so far. */
  get insertCount(): number {
    return this.#table.insertCount;
  }

  /** The entry with this absolute index, if it is there. */
  at(index: number): TableEntry | undefined {
    return this.#table.at(index);
  }

  /** RFC 9204 §3.2.3, §4.3.1 */
  setCapacity(capacity: number): void {
    if (capacity > this.#maxCapacity)
      throw failed(`capacity ${capacity} over the maximum of ${this.#maxCapacity}`);
    this.#table.setCapacity(capacity);
  }

  /** RFC 9204 §4.3.2 */
  insertWithNameReference(isStatic: boolean, index: number, value: string): void {
    const name = isStatic ? STATIC_NAMES[index] : this.#relative(index).name;
    if (name === undefined) throw failed(`no entry ${index} in the static table`);
    this.insertWithLiteralName(name, value);
  }

  /** RFC 9204 §4.3.3 */
  insertWithLiteralName(name: string, value: string): void {
    if (entrySize(name, value) > this.#table.capacity) {
      throw failed(`entry over the capacity of ${this.#table.capacity}`);
    }
    this.#table.insert({ name, value });
  }

  /** RFC 9204 §4.3.4 */
  duplicate(index: number): void {
    // As it was inserted, it fits; it may be the one that is evicted for its copy.
    this.#table.insert(this.#relative(index));
  }

  // On the encoder stream, index 0 is the entry inserted last (§3.2.5).
  #relative(index: number): TableEntry {
    const entry = this.#table.at(this.#table.insertCount - 1 - index);
    if (entry === undefined) throw failed(`no entry with relative index ${index} in the dynamic table`);
    return entry;
  }
}

function failed(message: string): QpackError {
  return new QpackError(QPACK_ENCODER_STREAM_ERROR, message);
}
