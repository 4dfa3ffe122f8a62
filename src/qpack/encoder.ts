import { LastLines } from '../bytes/last-lines.ts';
import { noQpackCounts, type QpackCounters } from './counters.ts';
import { type EncoderEntry, EncoderTable } from './encoder-table.ts';
import { IndexingPolicy } from './indexing-policy.ts';
import type { InstructionStream } from './instruction-stream.ts';
import {
  decoderStream,
  writeDuplicate,
  writeInsertWithLiteralName,
  writeInsertWithNameReference,
  writeSetCapacity,
} from './instructions.ts';
import { encodeRequiredInsertCount, maxEntries } from './required-insert-count.ts';
import { release, SentSections } from './sent-sections.ts';
import { STATIC_BY_NAME, STATIC_NAMES, STATIC_VALUES, type StaticName } from './static-table.ts';
import { Writer } from './writer.ts';

export interface QpackEncoderOptions {
  /** Most that our encoder's dynamic table may take, in bytes, whatever the peer allows; 0 for none. */
  readonly maxTableCapacity: number;
  /** Names, in lower case, of further fields whose values are secrets. */
  readonly neverIndexed: readonly string[];
  /** Where to count what is encoded. */
  readonly counters?: QpackCounters | undefined;
}

/** How a field line is represented; `NEVER_INDEXED`, the N bit of §4.5.4, is added to a literal. */
const STATIC_LINE = 0;
const DYNAMIC_LINE = 1;
const STATIC_NAME = 2;
const DYNAMIC_NAME = 3;
const LITERAL_NAME = 4;
const NEVER_INDEXED = 0x20;

/**
 * Encodes our field sections (RFC 9204 §4.5) and keeps the dynamic table that they refer to. What
 * `takeEncoderStreamBytes` gives after each call must be sent before the section that `encode` returned.
 *
 * A section refers to what the decoder has acknowledged, and to what is still on its way only as long as the streams
 * that this could block are as few as the peer allows.
 */
export class QpackEncoder {
  readonly #ceiling: number;
  readonly #policy: IndexingPolicy;
  readonly #counters: QpackCounters;
  readonly #table = new EncoderTable();
  readonly #sent = new SentSections();
  readonly #decoderStream: InstructionStream;
  readonly #encoderStream = new Writer();
  readonly #section = new Writer();
  /** Where lines were found: in the static table, by their index, or in ours. */
  readonly #last = new LastLines<number | EncoderEntry>();
  // From the peer's SETTINGS.
  #maxCapacity = 0;
  #maxBlockedStreams = 0;
  // Of the section being encoded: how each line is represented, and what the section refers to.
  readonly #forms: number[] = [];
  readonly #indexes: number[] = [];
  #lines = 0;
  #references: EncoderEntry[] = [];
  #requiredInsertCount = 0;
  #mayRefer = false;
  #mayInsert = false;
  #mayBlock = false;

  constructor(options: QpackEncoderOptions = STATIC_TABLE_ALONE) {
    this.#ceiling = options.maxTableCapacity;
    this.#policy = new IndexingPolicy(options.neverIndexed);
    this.#counters = options.counters ?? noQpackCounts();
    this.#decoderStream = decoderStream({
      acknowledgeSection: (streamId) => this.#sent.acknowledge(streamId),
      cancelStream: (streamId) => this.#sent.cancel(streamId),
      incrementInsertCount: (increment) => this.#sent.increment(increment, this.#table.insertCount),
    });
  }

  /** Instructions that the peer's decoder stream has brought so far. */
  get instructionCount(): number {
    return this.#decoderStream.count;
  }

  /** The peer's SETTINGS_QPACK_MAX_TABLE_CAPACITY and SETTINGS_QPACK_BLOCKED_STREAMS; to be called once. */
  applyPeerSettings(maxTableCapacity: number, blockedStreams: number): void {
    this.#maxCapacity = maxTableCapacity;
    this.#maxBlockedStreams = blockedStreams;
    this.setCapacity(this.#ceiling);
  }

  /**
   * Uses `capacity` bytes of dynamic table, or as many as the peer allows. False, and nothing changes, while the
   * decoder may still need entries that would go.
   */
  setCapacity(capacity: number): boolean {
    const allowed = Math.min(capacity, this.#maxCapacity);
    if (allowed === this.#table.capacity) return true;
    if (!this.#table.setCapacity(allowed, this.#sent.knownReceivedCount)) return false;
    writeSetCapacity(this.#encoderStream, allowed);
    return true;
  }

  /**
   * Encodes `fields` (names and values in turn, one byte per character) as one field section. Throws a RangeError when
   * a character is no byte. `hasRoom` false: the encoder stream does not move, so that nothing is inserted, and nothing
   * used that the decoder may not have (RFC 9204 §2.1.3). What it gives is good until the next call.
   */
  encode(streamId: number, fields: readonly string[], hasRoom = true): Uint8Array {
    if (this.#references.length > 0) this.#references = [];
    this.#requiredInsertCount = 0;
    this.#mayRefer = this.#table.capacity > 0 && this.#sent.mayRefer(streamId);
    this.#mayInsert = hasRoom;
    this.#mayBlock = hasRoom && this.#sent.mayBlock(streamId, this.#maxBlockedStreams);
    try {
      this.#chooseForms(fields);
      this.#write(fields);
    } catch (error) {
      release(this.#references);
      throw error;
    }
    if (this.#references.length > 0) {
      this.#sent.add(streamId, this.#requiredInsertCount, this.#references);
    }
    this.#counters.encodedBytes += this.#section.length;
    return this.#section.view();
  }

  /** Takes what came on the peer's decoder stream. Throws a QpackError with QPACK_DECODER_STREAM_ERROR. */
  receiveDecoderStream(chunk: Uint8Array): void {
    this.#decoderStream.receive(chunk);
  }

  /** What is to be sent on our encoder stream, if anything. */
  takeEncoderStreamBytes(): Uint8Array | undefined {
    this.#counters.encodedBytes += this.#encoderStream.length;
    return this.#encoderStream.length > 0 ? this.#encoderStream.take() : undefined;
  }

  #chooseForms(fields: readonly string[]): void {
    // The arrays keep what they had: without it, they would be made anew each time.
    this.#lines = 0;
    for (let at = 0; at + 1 < fields.length; at += 2) {
      this.#chooseForm(fields[at] as string, fields[at + 1] as string);
    }
  }

  #chooseForm(name: string, value: string): void {
    const last = this.#last.find(name, value);
    if (typeof last === 'number') this.#choose(STATIC_LINE, last);
    else if (last !== undefined && this.#isAsGood(last)) this.#choose(DYNAMIC_LINE, this.#refer(last));
    else this.#searchForm(name, value);
  }

  /** Whether an entry can be referred to without a look at others. */
  #isAsGood(entry: EncoderEntry): boolean {
    if (!this.#mayRefer || !this.#table.holds(entry) || this.#table.isDraining(entry)) return false;
    return this.#usable(entry) !== undefined;
  }

  #searchForm(name: string, value: string): void {
    const known = STATIC_BY_NAME.get(name);
    const index = staticIndex(known, value);
    if (index !== undefined) {
      // Text of the table, as that of the caller may be cut out of a head.
      this.#last.keep(STATIC_NAMES[index] as string, STATIC_VALUES[index] as string, index);
      this.#choose(STATIC_LINE, index);
      return;
    }
    const isSecret = this.#policy.isSecret(name);
    const entry = this.#mayRefer && !isSecret ? this.#entryFor(known, name, value) : undefined;
    if (entry !== undefined) {
      this.#last.keep(entry.name, entry.value, entry);
      this.#choose(DYNAMIC_LINE, this.#refer(entry));
    } else this.#chooseLiteral(known, name, isSecret ? NEVER_INDEXED : 0);
  }

  #chooseLiteral(known: StaticName | undefined, name: string, neverIndexed: number): void {
    const named = known === undefined && this.#mayRefer ? this.#entryForName(name) : undefined;
    if (known !== undefined) this.#choose(STATIC_NAME | neverIndexed, known.index);
    else if (named !== undefined) this.#choose(DYNAMIC_NAME | neverIndexed, this.#refer(named));
    else this.#choose(LITERAL_NAME | neverIndexed, 0);
  }

  #choose(form: number, index: number): void {
    this.#forms[this.#lines] = form;
    this.#indexes[this.#lines++] = index;
  }

  // Counts a reference, so that the entry stays, and gives its absolute index.
  #refer(entry: EncoderEntry): number {
    entry.references++;
    this.#references.push(entry);
    this.#requiredInsertCount = Math.max(this.#requiredInsertCount, entry.index + 1);
    return entry.index;
  }

  // An entry with this name and value that the section may refer to, inserted now if that is worth it.
  #entryFor(known: StaticName | undefined, name: string, value: string): EncoderEntry | undefined {
    const found = this.#table.find(name, value);
    if (found !== undefined) return this.#usableCopy(this.#refreshed(found));
    if (!this.#isWorthIndexing(name, value)) return undefined;
    this.#writeInsert(known, name, value);
    return this.#usable(this.#table.insert(name, value));
  }

  #entryForName(name: string): EncoderEntry | undefined {
    const found = this.#table.findName(name);
    if (found !== undefined) return this.#usable(found);
    if (!this.#policy.shouldIndexName(name) || !this.#hasRoom(name, '')) return undefined;
    writeInsertWithLiteralName(this.#encoderStream, name, '');
    return this.#usable(this.#table.insert(name, ''));
  }

  #isWorthIndexing(name: string, value: string): boolean {
    const size = name.length + value.length;
    if (size > this.#table.capacity * LARGEST_SHARE) return false;
    return this.#policy.shouldIndex(name, value) && this.#hasRoom(name, value);
  }

  // An entry that is soon to be evicted is replaced by a duplicate, if there is room for one.
  #refreshed(entry: EncoderEntry): EncoderEntry {
    if (!this.#table.isDraining(entry) || !this.#hasRoom(entry.name, entry.value)) return entry;
    writeDuplicate(this.#encoderStream, this.#table.relativeIndex(entry));
    return this.#table.insert(entry.name, entry.value, entry);
  }

  // The entry, or what it was duplicated from as long as the decoder may not have it.
  #usableCopy(entry: EncoderEntry): EncoderEntry | undefined {
    for (let copy: EncoderEntry | undefined = entry; copy !== undefined; copy = copy.original) {
      if (this.#table.holds(copy) && this.#usable(copy) !== undefined) return copy;
    }
    return undefined;
  }

  #usable(entry: EncoderEntry): EncoderEntry | undefined {
    return this.#mayBlock || entry.index < this.#sent.knownReceivedCount ? entry : undefined;
  }

  #hasRoom(name: string, value: string): boolean {
    return this.#mayInsert && this.#table.hasRoom(name, value, this.#sent.knownReceivedCount);
  }

  #writeInsert(known: StaticName | undefined, name: string, value: string): void {
    if (known !== undefined) {
      writeInsertWithNameReference(this.#encoderStream, true, known.index, value);
      return;
    }
    const named = this.#table.findName(name);
    if (named === undefined) writeInsertWithLiteralName(this.#encoderStream, name, value);
    else writeInsertWithNameReference(this.#encoderStream, false, this.#table.relativeIndex(named), value);
  }

  // Base is the Required Insert Count (§4.5.1.2): every reference is to an entry before it, the newest one the shortest.
  #write(fields: readonly string[]): void {
    this.#section.reset();
    const encoded = encodeRequiredInsertCount(this.#requiredInsertCount, maxEntries(this.#maxCapacity));
    this.#section.integer(0, 8, encoded);
    this.#section.integer(0, 7, 0);
    for (let line = 0; line < this.#lines; line++) {
      this.#writeLine(
        this.#forms[line] as number,
        this.#indexes[line] as number,
        fields[line * 2] as string,
        fields[line * 2 + 1] as string,
      );
    }
  }

  #writeLine(form: number, index: number, name: string, value: string): void {
    const relative = this.#requiredInsertCount - 1 - index;
    this.#counters.lines++;
    this.#counters.plainBytes += name.length + value.length;
    if (form === STATIC_LINE || form === DYNAMIC_LINE) this.#counters.indexedLines++;
    // Indexed Field Line (§4.5.2): 1 T index(6+)
    if (form === STATIC_LINE) this.#section.integer(0xc0, 6, index);
    else if (form === DYNAMIC_LINE) this.#section.integer(0x80, 6, relative);
    else {
      const neverIndexed = form & NEVER_INDEXED;
      const kind = form - neverIndexed;
      // Literal Field Line with Name Reference (§4.5.4): 0 1 N T index(4+)
      if (kind === STATIC_NAME) this.#section.integer(0x50 | neverIndexed, 4, index);
      else if (kind === DYNAMIC_NAME) this.#section.integer(0x40 | neverIndexed, 4, relative);
      // Literal Field Line with Literal Name (§4.5.6): 0 0 1 N H length(3+); its N is one bit lower
      else this.#section.string(0x20 | (neverIndexed >> 1), 4, name);
      this.#section.string(0, 8, value);
    }
  }
}

function staticIndex(known: StaticName | undefined, value: string): number | undefined {
  return known !== undefined && value.length <= known.longestValue ? known.values.get(value) : undefined;
}

const STATIC_TABLE_ALONE: QpackEncoderOptions = { maxTableCapacity: 0, neverIndexed: [] };

// One line must not push out a table full of others.
const LARGEST_SHARE = 1 / 4;
