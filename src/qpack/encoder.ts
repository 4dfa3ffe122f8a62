import { LastFew } from '../bytes/last-few.ts';
import { LastLines } from '../bytes/last-lines.ts';
import { isLasting } from '../bytes/lasting.ts';
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
import { maxEntries } from './required-insert-count.ts';
import {
  DYNAMIC_LINE,
  DYNAMIC_NAME,
  LITERAL_NAME,
  NEVER_INDEXED,
  SectionWriter,
  STATIC_LINE,
  STATIC_NAME,
} from './section-writer.ts';
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

/** A section as it was encoded. */
interface EncodedSection {
  readonly bytes: Uint8Array;
  readonly requiredInsertCount: number;
  /** What it refers to, an entry as often as it is referred to. */
  readonly references: readonly EncoderEntry[];
  /** Its lines, and the bytes of names and values. */
  readonly lines: number;
  readonly plainBytes: number;
}

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
  readonly #section = new SectionWriter();
  /** Sections that come again as the same array, and of which each line is an entry of a table. */
  readonly #known = new LastFew<readonly string[], EncodedSection>();
  /** Where lines were found: in the static table, by their index, or in ours. */
  readonly #last = new LastLines<number | EncoderEntry>();
  // From the peer's SETTINGS.
  #maxCapacity = 0;
  #maxBlockedStreams = 0;
  // Of the section being encoded: what it refers to, and may refer to.
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
   * used that the decoder may not have (RFC 9204 §2.1.3). What it gives is good until the next call. A lasting array of
   * which all lines are in tables is not gone through a second time.
   */
  encode(streamId: number, fields: readonly string[], hasRoom = true): Uint8Array {
    this.#mayRefer = this.#table.capacity > 0 && this.#sent.mayRefer(streamId);
    this.#mayInsert = hasRoom;
    this.#mayBlock = hasRoom && this.#sent.mayBlock(streamId, this.#maxBlockedStreams);
    const known = this.#known.find(fields);
    return known !== undefined && this.#isStillGood(known)
      ? this.#encodeAgain(streamId, known)
      : this.#encode(streamId, fields);
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

  #encode(streamId: number, fields: readonly string[]): Uint8Array {
    if (this.#references.length > 0) this.#references = [];
    this.#requiredInsertCount = 0;
    this.#section.begin();
    let bytes: Uint8Array;
    try {
      for (let at = 0; at + 1 < fields.length; at += 2) {
        this.#chooseForm(fields[at] as string, fields[at + 1] as string);
      }
      bytes = this.#section.write(fields, this.#requiredInsertCount, maxEntries(this.#maxCapacity));
    } catch (error) {
      release(this.#references);
      throw error;
    }
    const { lines, indexedLines, plainBytes } = this.#section;
    const requiredInsertCount = this.#requiredInsertCount;
    const references = this.#references;
    const section = { bytes, requiredInsertCount, references, lines, plainBytes };
    this.#note(streamId, section, indexedLines);
    // What has a literal is for the policy to see each time.
    if (indexedLines === lines && bytes.length <= LONGEST_KEPT && isLasting(fields)) {
      this.#known.keep(fields, { ...section, bytes: bytes.slice() });
    }
    return bytes;
  }

  #isStillGood({ references }: EncodedSection): boolean {
    for (const entry of references) if (!this.#isAsGood(entry)) return false;
    return true;
  }

  #encodeAgain(streamId: number, section: EncodedSection): Uint8Array {
    for (const entry of section.references) entry.references++;
    this.#note(streamId, section, section.lines);
    return section.bytes;
  }

  /** A section is on its way. */
  #note(streamId: number, section: EncodedSection, indexedLines: number): void {
    const { bytes, requiredInsertCount, references, lines, plainBytes } = section;
    if (references.length > 0) this.#sent.add(streamId, requiredInsertCount, references);
    this.#counters.lines += lines;
    this.#counters.indexedLines += indexedLines;
    this.#counters.plainBytes += plainBytes;
    this.#counters.encodedBytes += bytes.length;
  }

  #chooseForm(name: string, value: string): void {
    const last = this.#last.find(name, value);
    if (typeof last === 'number') this.#section.choose(STATIC_LINE, last);
    else if (last !== undefined && this.#isAsGood(last))
      this.#section.choose(DYNAMIC_LINE, this.#refer(last));
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
      this.#section.choose(STATIC_LINE, index);
      return;
    }
    const isSecret = this.#policy.isSecret(name);
    const entry = this.#mayRefer && !isSecret ? this.#entryFor(known, name, value) : undefined;
    if (entry !== undefined) {
      this.#last.keep(entry.name, entry.value, entry);
      this.#section.choose(DYNAMIC_LINE, this.#refer(entry));
    } else this.#chooseLiteral(known, name, isSecret ? NEVER_INDEXED : 0);
  }

  #chooseLiteral(known: StaticName | undefined, name: string, neverIndexed: number): void {
    const named = known === undefined && this.#mayRefer ? this.#entryForName(name) : undefined;
    if (known !== undefined) this.#section.choose(STATIC_NAME | neverIndexed, known.index);
    else if (named !== undefined) this.#section.choose(DYNAMIC_NAME | neverIndexed, this.#refer(named));
    else this.#section.choose(LITERAL_NAME | neverIndexed, 0);
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
}

function staticIndex(known: StaticName | undefined, value: string): number | undefined {
  return known !== undefined && value.length <= known.longestValue ? known.values.get(value) : undefined;
}

const STATIC_TABLE_ALONE: QpackEncoderOptions = { maxTableCapacity: 0, neverIndexed: [] };

// One line must not push out a table full of others.
const LARGEST_SHARE = 1 / 4;

// Bytes of a section that is kept.
const LONGEST_KEPT = 128;
