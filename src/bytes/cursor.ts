import { readVarint, varintLengthFrom } from './varint.ts';

/**
 * A bounded reader over bytes that are all there. It never copies and never reads past its end: each read gives the
 * value, or `undefined` (and stays where it was) when the bytes do not suffice, so that the caller can raise the
 * error of its own protocol or wait for more.
 */
export class Cursor {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  /** Position of the next byte to be read. */
  get offset(): number {
    return this.#offset;
  }

  /** Bytes not yet read. */
  get remaining(): number {
    return this.#bytes.length - this.#offset;
  }

  /** The next byte, left where it is. */
  peek(): number | undefined {
    return this.#bytes[this.#offset];
  }

  byte(): number | undefined {
    const value = this.#bytes[this.#offset];
    if (value !== undefined) this.#offset++;
    return value;
  }

  /** A variable-length integer (RFC 9000 §16). */
  varint(): number | undefined {
    const first = this.#bytes[this.#offset];
    if (first === undefined) return undefined;
    const length = varintLengthFrom(first);
    if (length > this.remaining) return undefined;
    const value = readVarint(this.#bytes, this.#offset);
    this.#offset += length;
    return value;
  }

  /** The next `length` bytes as a view on the same memory. */
  take(length: number): Uint8Array | undefined {
    if (length > this.remaining) return undefined;
    const start = this.#offset;
    this.#offset += length;
    return this.#bytes.subarray(start, this.#offset);
  }
}
