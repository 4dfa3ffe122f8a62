import { BlockedSections } from './blocked-sections.ts';
import { type DecodedSection, DecodedSections } from './decoded-sections.ts';
import { DecoderTable } from './decoder-table.ts';
import { ENTRY_OVERHEAD, type TableEntry } from './dynamic-table.ts';
import { QPACK_DECOMPRESSION_FAILED } from './errors.ts';
import type { InstructionStream } from './instruction-stream.ts';
import {
  encoderStream,
  writeInsertCountIncrement,
  writeSectionAcknowledgment,
  writeStreamCancellation,
} from './instructions.ts';
import { Reader, TOO_LONG } from './reader.ts';
import { decodeRequiredInsertCount, maxEntries } from './required-insert-count.ts';
import { STATIC_NAMES, STATIC_VALUES } from './static-table.ts';
import { Writer } from './writer.ts';

export interface QpackDecoderOptions {
  /** SETTINGS_QPACK_MAX_TABLE_CAPACITY that we announce, in bytes; 0 for no dynamic table. */
  readonly maxTableCapacity: number;
  /** SETTINGS_QPACK_BLOCKED_STREAMS that we announce. */
  readonly blockedStreams: number;
  /** Most that a field section may come to, by RFC 9114 §4.2.2: for each line name, value and 32 bytes. */
  readonly maxFieldSectionSize: number;
}

export type DecodeResult =
  /** Names and values in turn, one byte per character. */
  | { readonly kind: 'fields'; readonly fields: readonly string[] }
  /**
   * Entries that it refers to have not arrived. The decoder keeps the section; nothing more of the stream may be
   * decoded until `receiveEncoderStream` names it and `resume` has given the lines.
   */
  | { readonly kind: 'blocked' }
  /**
   * The section is over `maxFieldSectionSize`, or there is no memory left to hold it while it is blocked. The stream
   * is to be abandoned: `cancelStream`.
   */
  | { readonly kind: 'too-large' };

/** Decodes the peer's field sections (RFC 9204 §4.5) and follows its encoder stream (§4.3). */
export class QpackDecoder {
  readonly #maxFieldSectionSize: number;
  readonly #maxEntries: number;
  readonly #table: DecoderTable;
  readonly #encoderStream: InstructionStream;
  readonly #blocked: BlockedSections;
  readonly #reader = new Reader(QPACK_DECOMPRESSION_FAILED);
  readonly #decoderStream = new Writer();
  readonly #known = new DecodedSections();
  // Inserts that the encoder will know us to have, once it has what we said (RFC 9204 §2.1.4).
  #knownReceivedCount = 0;
  // Instructions that wait to be taken, and whether there is one among them that the encoder has a use for at once.
  #waiting = 0;
  #hasNews = false;
  // Of the section being decoded: its lines, what is left of the size it may have, and its prefix.
  #fields: string[] = [];
  #left = 0;
  #requiredInsertCount = 0;
  #base = 0;
  /** Whether no line of it has a literal, and the oldest entry that it refers to. */
  #isIndexed = true;
  #oldest = Number.POSITIVE_INFINITY;

  constructor(options: QpackDecoderOptions) {
    this.#maxFieldSectionSize = options.maxFieldSectionSize;
    this.#maxEntries = maxEntries(options.maxTableCapacity);
    this.#table = new DecoderTable(options.maxTableCapacity);
    this.#encoderStream = encoderStream(options.maxTableCapacity, this.#table);
    const maxHeld = Math.max(LEAST_HELD, 4 * options.maxFieldSectionSize);
    this.#blocked = new BlockedSections(options.blockedStreams, maxHeld);
  }

  /** Instructions that the peer's encoder stream has brought so far. */
  get instructionCount(): number {
    return this.#encoderStream.count;
  }

  /** Decodes a whole encoded field section. Throws a QpackError with QPACK_DECOMPRESSION_FAILED. */
  decode(streamId: number, section: Uint8Array): DecodeResult {
    this.#reader.reset(section);
    const encoded = this.#complete(this.#reader.integer(8));
    const required = decodeRequiredInsertCount(encoded, this.#maxEntries, this.#table.insertCount);
    if (required === undefined)
      throw this.#reader.failure('Required Insert Count that the table cannot reach');
    if (required <= this.#table.insertCount) {
      const known = this.#known.find(section);
      if (known === undefined || !this.#isStillGood(known))
        return this.#decodeNew(streamId, required, section);
      if (required > 0) this.#acknowledge(streamId, required);
      return { kind: 'fields', fields: known.fields };
    }
    if (this.#blocked.full) throw this.#reader.failure('more blocked streams than announced');
    return this.#blocked.add(streamId, section, required) ? BLOCKED : TOO_LARGE;
  }

  /**
   * Decodes the section of a stream that `receiveEncoderStream` named: the lines, or `too-large`. Throws a QpackError
   * with QPACK_DECOMPRESSION_FAILED, and a RangeError for any other stream.
   */
  resume(streamId: number): DecodeResult {
    const section = this.#blocked.take(streamId);
    if (section === undefined) throw new RangeError(`no section of stream ${streamId} was unblocked`);
    this.#reader.reset(section.bytes);
    this.#reader.integer(8);
    return this.#decodeLines(streamId, section.requiredInsertCount);
  }

  /** The stream was reset, or is no longer read: its sections will not be decoded (RFC 9204 §2.2.2.2). */
  cancelStream(streamId: number): void {
    this.#blocked.drop(streamId);
    if (this.#maxEntries === 0) return;
    writeStreamCancellation(this.#decoderStream, streamId);
    this.#waiting++;
  }

  /**
   * Takes what came on the peer's encoder stream. Returns the streams that are no longer blocked. Throws a QpackError
   * with QPACK_ENCODER_STREAM_ERROR.
   */
  receiveEncoderStream(chunk: Uint8Array): readonly number[] {
    const before = this.#table.insertCount;
    this.#encoderStream.receive(chunk);
    return this.#table.insertCount === before ? NONE : this.#blocked.unblock(this.#table.insertCount);
  }

  /** Instructions that {@link takeDecoderStreamBytes} would give. */
  get waitingInstructions(): number {
    return this.#waiting + (this.#unacknowledged > 0 ? 1 : 0);
  }

  /**
   * Whether the encoder learns of inserts from them, and so what it may refer to without a stream being blocked (RFC 9204
   * §2.1.2). The others only give back references: entries that it would rather not evict yet.
   */
  get hasNews(): boolean {
    return this.#hasNews || this.#unacknowledged > 0;
  }

  get #unacknowledged(): number {
    return this.#table.insertCount - this.#knownReceivedCount;
  }

  /** What is to be sent on our decoder stream, if anything. */
  takeDecoderStreamBytes(): Uint8Array | undefined {
    if (this.#unacknowledged > 0) {
      writeInsertCountIncrement(this.#decoderStream, this.#unacknowledged);
      this.#knownReceivedCount = this.#table.insertCount;
    }
    this.#waiting = 0;
    this.#hasNews = false;
    return this.#decoderStream.length > 0 ? this.#decoderStream.take() : undefined;
  }

  // The same bytes mean other entries only when the count of inserts has gone round once (RFC 9204 §4.5.1.1): by then, the
  // entries of before are gone.
  #isStillGood({ oldest }: DecodedSection): boolean {
    return oldest === Number.POSITIVE_INFINITY || this.#table.at(oldest) !== undefined;
  }

  #decodeNew(streamId: number, required: number, section: Uint8Array): DecodeResult {
    const result = this.#decodeLines(streamId, required);
    if (result.kind === 'fields' && this.#isIndexed && this.#maxFieldSectionSize - this.#left <= MOST_KEPT) {
      this.#known.keep(section, this.#oldest, result.fields);
    }
    return result;
  }

  #decodeLines(streamId: number, requiredInsertCount: number): DecodeResult {
    this.#requiredInsertCount = requiredInsertCount;
    this.#base = this.#readBase(requiredInsertCount);
    this.#fields = [];
    this.#left = this.#maxFieldSectionSize;
    this.#isIndexed = true;
    this.#oldest = Number.POSITIVE_INFINITY;
    let fits = true;
    while (fits && this.#reader.remaining > 0) fits = this.#fieldLine();
    if (requiredInsertCount > 0) this.#acknowledge(streamId, requiredInsertCount);
    return fits ? { kind: 'fields', fields: this.#fields } : TOO_LARGE;
  }

  #acknowledge(streamId: number, requiredInsertCount: number): void {
    writeSectionAcknowledgment(this.#decoderStream, streamId);
    this.#waiting++;
    if (requiredInsertCount <= this.#knownReceivedCount) return;
    this.#knownReceivedCount = requiredInsertCount;
    this.#hasNews = true;
  }

  // RFC 9204 §4.5.1.2: S delta(7+)
  #readBase(requiredInsertCount: number): number {
    const negative = ((this.#reader.peek() ?? 0) & 0x80) !== 0;
    const delta = this.#complete(this.#reader.integer(7));
    if (!negative) return requiredInsertCount + delta;
    if (requiredInsertCount <= delta) throw this.#reader.failure('negative Base');
    return requiredInsertCount - delta - 1;
  }

  // Decodes one line; false when it does not fit into what the section may have.
  #fieldLine(): boolean {
    const first = this.#reader.peek() ?? 0;
    if (first >= 0x80) return this.#indexed((first & 0x40) !== 0);
    if (first >= 0x40) return this.#nameReference((first & 0x10) !== 0);
    if (first >= 0x20) return this.#literalName();
    if (first >= 0x10) return this.#addEntry(this.#postBase(4));
    return this.#literalValue(this.#postBase(3).name);
  }

  // Indexed Field Line (§4.5.2): 1 T index(6+)
  #indexed(isStatic: boolean): boolean {
    if (!isStatic) return this.#addEntry(this.#relative(6));
    const index = this.#staticIndex(6);
    return this.#add(STATIC_NAMES[index] as string, STATIC_VALUES[index] as string);
  }

  // Literal Field Line with Name Reference (§4.5.4): 0 1 N T index(4+), value
  #nameReference(isStatic: boolean): boolean {
    return this.#literalValue(
      isStatic ? (STATIC_NAMES[this.#staticIndex(4)] as string) : this.#relative(4).name,
    );
  }

  // Literal Field Line with Literal Name (§4.5.6): 0 0 1 N H length(3+), name, value
  #literalName(): boolean {
    const name = this.#string(4);
    return name !== TOO_LONG && this.#literalValue(name);
  }

  #literalValue(name: string): boolean {
    this.#isIndexed = false;
    const value = this.#string(8);
    return value !== TOO_LONG && this.#add(name, value);
  }

  #staticIndex(prefixBits: number): number {
    const index = this.#complete(this.#reader.integer(prefixBits));
    if (index >= STATIC_NAMES.length) throw this.#reader.failure(`no entry ${index} in the static table`);
    return index;
  }

  // Relative to Base, downwards (§3.2.5).
  #relative(prefixBits: number): TableEntry {
    return this.#entry(this.#base - 1 - this.#complete(this.#reader.integer(prefixBits)));
  }

  // From Base upwards (§3.2.6).
  #postBase(prefixBits: number): TableEntry {
    return this.#entry(this.#base + this.#complete(this.#reader.integer(prefixBits)));
  }

  // RFC 9204 §2.2.3
  #entry(index: number): TableEntry {
    const entry = index < this.#requiredInsertCount ? this.#table.at(index) : undefined;
    if (entry === undefined) throw this.#reader.failure('reference to an entry that may not be used');
    if (index < this.#oldest) this.#oldest = index;
    return entry;
  }

  #string(prefixBits: number): string | typeof TOO_LONG {
    return this.#complete(this.#reader.string(prefixBits, this.#left - ENTRY_OVERHEAD));
  }

  #addEntry(entry: TableEntry): boolean {
    return this.#add(entry.name, entry.value);
  }

  #add(name: string, value: string): boolean {
    this.#left -= name.length + value.length + ENTRY_OVERHEAD;
    if (this.#left < 0) return false;
    this.#fields.push(name, value);
    return true;
  }

  #complete<T>(read: T | undefined): T {
    if (read === undefined) throw this.#reader.failure('field section ends inside a field line');
    return read;
  }
}

// Bytes held for blocked streams at least: a hundred streams with sections of ten kilobytes.
const LEAST_HELD = 2 ** 20;

// Size of a section that is kept, by RFC 9114 §4.2.2.
const MOST_KEPT = 4096;

const BLOCKED: DecodeResult = { kind: 'blocked' };
const TOO_LARGE: DecodeResult = { kind: 'too-large' };
const NONE: readonly number[] = [];
