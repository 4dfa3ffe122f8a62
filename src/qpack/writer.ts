import { huffmanLength, writeHuffman } from './huffman.ts';
import { MAX_INTEGER_BYTES, writeInteger } from './integers.ts';

/**
 * Writes the two primitives of RFC 9204 §4.1 into one buffer that grows and is used again; {@link Writer.take} copies
 * out what was written, and {@link Writer.view} shows it.
 */
export class Writer {
  #bytes = new Uint8Array(INITIAL_SIZE);
  #length = 0;

  /** Bytes written since the last {@link Writer.take}. */
  get length(): number {
    return this.#length;
  }

  /** `value` in the low `prefixBits` bits of a byte that starts with the bits of `pattern`, and those after it. */
  integer(pattern: number, prefixBits: number, value: number): void {
    this.#reserve(MAX_INTEGER_BYTES);
    this.#length = writeInteger(this.#bytes, this.#length, pattern, prefixBits, value);
  }

  /**
   * A string literal whose Huffman bit and length share the low `prefixBits` bits of a byte that starts with the bits
   * of `pattern`. Huffman-coded only where that is shorter. Throws a RangeError when a character is no byte.
   */
  string(pattern: number, prefixBits: number, text: string): void {
    const coded = huffmanLength(text);
    this.#reserve(MAX_INTEGER_BYTES + text.length);
    if (coded < text.length) {
      this.integer(pattern | (1 << (prefixBits - 1)), prefixBits - 1, coded);
      this.#length = writeHuffman(this.#bytes, this.#length, text);
    } else {
      this.integer(pattern, prefixBits - 1, text.length);
      for (let at = 0; at < text.length; at++) this.#bytes[this.#length++] = text.charCodeAt(at);
    }
  }

  /** Forgets what was written. */
  reset(): void {
    this.#length = 0;
  }

  /** What was written, where it is: until the next call. */
  view(): Uint8Array {
    return this.#bytes.length > MOST_KEPT ? this.take() : this.#bytes.subarray(0, this.#length);
  }

  /** A copy of what was written, which is then forgotten. */
  take(): Uint8Array {
    const taken = this.#bytes.slice(0, this.#length);
    this.#length = 0;
    if (this.#bytes.length > MOST_KEPT) this.#bytes = new Uint8Array(INITIAL_SIZE);
    return taken;
  }

  #reserve(count: number): void {
    const needed = this.#length + count;
    if (needed <= this.#bytes.length) return;
    const grown = new Uint8Array(Math.max(needed, this.#bytes.length * 2));
    grown.set(this.#bytes.subarray(0, this.#length));
    this.#bytes = grown;
  }
}

const INITIAL_SIZE = 4096;

// One huge field section must not hold its memory for as long as the connection lives.
const MOST_KEPT = 65536;
