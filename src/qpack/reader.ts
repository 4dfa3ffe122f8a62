import { Buffer } from 'node:buffer';
import { QpackError, type QpackErrorCode } from './errors.ts';
import { readHuffman } from './huffman.ts';
import { MAX_CONTINUATION_BYTES, MAX_INTEGER } from './integers.ts';

/** What {@link Reader.string} gives for a string over the limit it was asked to keep. */
export const TOO_LONG: unique symbol = Symbol('string over the limit');

/**
 * Reads the two primitives of RFC 9204 §4.1, prefixed integers and string literals, from bytes that it is given with
 * {@link Reader.reset}. A read gives `undefined` when the bytes end before the value does; the offset then means
 * nothing, and the caller raises its error, or waits for {@link Reader.wanted} bytes and starts again.
 *
 * It differs from `Cursor` in that one reader serves a connection: a field section costs no object but its strings.
 */
export class Reader {
  readonly #code: QpackErrorCode;
  #bytes: Buffer = EMPTY;
  #offset = 0;
  #wanted = 0;
  #scratch = Buffer.allocUnsafeSlow(INITIAL_SCRATCH);

  /** `code`: what malformed integers and strings are raised with. */
  constructor(code: QpackErrorCode) {
    this.#code = code;
  }

  get offset(): number {
    return this.#offset;
  }

  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** After a read that gave `undefined`: bytes, from the first, that it takes at least to go on. */
  get wanted(): number {
    return this.#wanted;
  }

  /** Starts on `bytes`, which are read in place. */
  reset(bytes: Uint8Array): void {
    this.#bytes = Buffer.isBuffer(bytes)
      ? bytes
      : Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#offset = 0;
  }

  /** The next byte, left where it is: the pattern that says what comes. */
  peek(): number | undefined {
    return this.#bytes[this.#offset];
  }

  /** The error to raise when what was read breaks a rule. */
  failure(message: string): QpackError {
    return new QpackError(this.#code, message);
  }

  /** An integer in the low `prefixBits` bits of the next byte and those after it. */
  integer(prefixBits: number): number | undefined {
    const first = this.#bytes[this.#offset];
    if (first === undefined) return this.#want(1);
    this.#offset++;
    const full = (1 << prefixBits) - 1;
    const prefix = first & full;
    return prefix < full ? prefix : this.#continued(full);
  }

  /**
   * A string literal whose Huffman bit and length share the next byte's low `prefixBits` bits. Gives {@link TOO_LONG}
   * instead of decoding what would be longer than `limit` characters.
   */
  string(prefixBits: number, limit: number): string | undefined | typeof TOO_LONG {
    const first = this.#bytes[this.#offset];
    const length = this.integer(prefixBits - 1);
    if (first === undefined || length === undefined) return undefined;
    if (length > this.remaining) return this.#want(length);
    const start = this.#offset;
    this.#offset += length;
    if ((first & (1 << (prefixBits - 1))) !== 0) return this.#huffman(start, this.#offset, limit);
    return length > limit ? TOO_LONG : this.#bytes.toString('latin1', start, this.#offset);
  }

  #want(count: number): undefined {
    this.#wanted = this.#offset + count;
    return undefined;
  }

  #continued(full: number): number | undefined {
    let value = full;
    let factor = 1;
    for (let count = 0; count < MAX_CONTINUATION_BYTES; count++) {
      const byte = this.#bytes[this.#offset];
      if (byte === undefined) return this.#want(1);
      this.#offset++;
      value += (byte & 0x7f) * factor;
      if (byte < 0x80) return this.#bounded(value);
      factor *= 0x80;
    }
    throw this.failure('integer over 62 bits');
  }

  #bounded(value: number): number {
    if (value > MAX_INTEGER) throw this.failure('integer over 62 bits');
    return value;
  }

  #huffman(start: number, end: number, limit: number): string | typeof TOO_LONG {
    // A code has at least five bits.
    const most = Math.min(Math.floor(((end - start) * 8) / 5), Math.max(limit, 0));
    if (this.#scratch.length < most + 2) this.#scratch = Buffer.allocUnsafeSlow(most + 2);
    const written = readHuffman(this.#bytes, start, end, this.#scratch, most);
    if (written < 0) throw this.failure('malformed Huffman code');
    return written > limit ? TOO_LONG : this.#scratch.toString('latin1', 0, written);
  }
}

const INITIAL_SCRATCH = 1024;
const EMPTY = Buffer.alloc(0);
