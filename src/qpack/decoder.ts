import { QPACK_DECOMPRESSION_FAILED, QpackError } from './errors.ts';
import { EncoderStreamReader } from './instructions.ts';
import { Reader, TOO_LONG } from './reader.ts';
import { STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

export interface QpackDecoderOptions {
  /** SETTINGS_QPACK_MAX_TABLE_CAPACITY that we announce, in bytes: 0, as there is no dynamic table. */
  readonly maxTableCapacity: number;
  /** SETTINGS_QPACK_BLOCKED_STREAMS that we announce: 0, as nothing can block without a dynamic table. */
  readonly blockedStreams: number;
  /** Most that a field section may come to, by RFC 9114 §4.2.2: for each line name, value and 32 bytes. */
  readonly maxFieldSectionSize: number;
}

export type DecodeResult =
  /** Names and values in turn, one byte per character. */
  | { readonly kind: 'fields'; readonly fields: string[] }
  /** The section is over `maxFieldSectionSize`; decoding stopped there. */
  | { readonly kind: 'too-large' };

/** Size of a field line beyond its name and value (RFC 9114 §4.2.2, RFC 9204 §3.2.1). */
const LINE_OVERHEAD = 32;

/** Decodes the peer's field sections (RFC 9204 §4.5). */
export class QpackDecoder {
  readonly #maxFieldSectionSize: number;
  readonly #reader = new Reader(QPACK_DECOMPRESSION_FAILED);
  readonly #encoderStream = new EncoderStreamReader();
  // Of the section being decoded: its lines, and what is left of the size it may have.
  #fields: string[] = [];
  #left = 0;

  /** Throws a RangeError for a dynamic table, which this decoder does not have. */
  constructor(options: QpackDecoderOptions) {
    if (options.maxTableCapacity !== 0 || options.blockedStreams !== 0) {
      throw new RangeError('QPACK without dynamic table: capacity and blocked streams must be 0');
    }
    this.#maxFieldSectionSize = options.maxFieldSectionSize;
  }

  /** Decodes a whole encoded field section. Throws a QpackError with QPACK_DECOMPRESSION_FAILED. */
  decode(_streamId: number, section: Uint8Array): DecodeResult {
    this.#reader.reset(section);
    this.#fields = [];
    this.#left = this.#maxFieldSectionSize;
    this.#prefix();
    while (this.#reader.remaining > 0) {
      if (!this.#fieldLine()) return { kind: 'too-large' };
    }
    return { kind: 'fields', fields: this.#fields };
  }

  /** The stream was reset or is no longer read. Without dynamic table there is nothing to tell (RFC 9204 §2.2.2.2). */
  cancelStream(_streamId: number): void {}

  /** Takes what came on the peer's encoder stream. Throws a QpackError with QPACK_ENCODER_STREAM_ERROR. */
  receiveEncoderStream(chunk: Uint8Array): readonly number[] {
    this.#encoderStream.receive(chunk);
    return NONE;
  }

  /** What is to be sent on our decoder stream: nothing, as nothing is to be acknowledged. */
  takeDecoderStreamBytes(): Uint8Array | undefined {
    return undefined;
  }

  // Required Insert Count and Base (RFC 9204 §4.5.1): without dynamic table the first is 0, the second not negative.
  #prefix(): void {
    const encodedInsertCount = this.#complete(this.#reader.integer(8));
    if (encodedInsertCount !== 0) throw failed('Required Insert Count over what the table can hold');
    const negative = ((this.#reader.peek() ?? 0) & 0x80) !== 0;
    this.#complete(this.#reader.integer(7));
    if (negative) throw failed('negative Base');
  }

  // Decodes one line; false when it does not fit into what the section may have.
  #fieldLine(): boolean {
    const first = this.#reader.peek() ?? 0;
    if (first >= 0x80) return this.#indexed(first);
    if (first >= 0x40) return this.#nameReference(first);
    if (first >= 0x20) return this.#literalName();
    throw failed('post-Base reference to an empty dynamic table');
  }

  // Indexed Field Line (§4.5.2): 1 T index(6+)
  #indexed(first: number): boolean {
    const index = this.#staticIndex((first & 0x40) !== 0, 6);
    return this.#add(STATIC_NAMES[index] as string, STATIC_VALUES[index] as string);
  }

  // Literal Field Line with Name Reference (§4.5.4): 0 1 N T index(4+), value
  #nameReference(first: number): boolean {
    const name = STATIC_NAMES[this.#staticIndex((first & 0x10) !== 0, 4)] as string;
    const value = this.#string(8);
    return value !== TOO_LONG && this.#add(name, value);
  }

  // Literal Field Line with Literal Name (§4.5.6): 0 0 1 N H length(3+), name, value
  #literalName(): boolean {
    const name = this.#string(4);
    if (name === TOO_LONG) return false;
    const value = this.#string(8);
    return value !== TOO_LONG && this.#add(name, value);
  }

  #staticIndex(isStatic: boolean, prefixBits: number): number {
    const index = this.#complete(this.#reader.integer(prefixBits));
    if (!isStatic) throw failed('reference to an empty dynamic table');
    if (index >= STATIC_NAMES.length) throw failed(`no entry ${index} in the static table`);
    return index;
  }

  #string(prefixBits: number): string | typeof TOO_LONG {
    return this.#complete(this.#reader.string(prefixBits, this.#left - LINE_OVERHEAD));
  }

  #add(name: string, value: string): boolean {
    this.#left -= name.length + value.length + LINE_OVERHEAD;
    if (this.#left < 0) return false;
    this.#fields.push(name, value);
    return true;
  }

  #complete<T>(read: T | undefined): T {
    if (read === undefined) throw failed('field section ends inside a field line');
    return read;
  }
}

function failed(message: string): QpackError {
  return new QpackError(QPACK_DECOMPRESSION_FAILED, message);
}

const NONE: readonly number[] = [];
