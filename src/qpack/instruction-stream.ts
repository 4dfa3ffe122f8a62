import type { Reader } from './reader.ts';

/** Cuts a stream of bytes, however it arrives, into instructions (RFC 9204 §4.2: the stream is not framed). */
export class InstructionStream {
  readonly #reader: Reader;
  readonly #longest: number;
  readonly #readOne: () => boolean;
  // The beginning of an instruction whose end has not come.
  #unfinished = new Uint8Array(INITIAL_SIZE);
  #length = 0;
  #wanted = 0;
  #count = 0;

  /**
   * `longest`: most bytes that an instruction may take. `readOne` reads one from `reader` and acts on it, or gives
   * false when its end has not come.
   */
  constructor(reader: Reader, longest: number, readOne: () => boolean) {
    this.#reader = reader;
    this.#longest = longest;
    this.#readOne = readOne;
  }

  /** Instructions acted upon so far. */
  get count(): number {
    return this.#count;
  }

  /** Acts on every instruction that `chunk` completes. Throws a QpackError; the stream is of no use afterwards. */
  receive(chunk: Uint8Array): void {
    if (this.#length === 0) this.#read(chunk);
    else {
      this.#append(chunk);
      // Reading anew for every byte of a long string would take time that grows with the square of its length.
      if (this.#length >= this.#wanted) this.#read(this.#unfinished.subarray(0, this.#length));
    }
  }

  #read(bytes: Uint8Array): void {
    this.#reader.reset(bytes);
    let done = 0;
    while (this.#reader.remaining > 0) {
      if (!this.#readOne()) {
        this.#keep(bytes, done);
        return;
      }
      done = this.#reader.offset;
      this.#count++;
    }
    this.#length = 0;
  }

  #keep(bytes: Uint8Array, done: number): void {
    this.#wanted = this.#reader.wanted - done;
    if (this.#wanted > this.#longest) throw this.#reader.failure('instruction longer than any can be');
    const rest = bytes.subarray(done);
    this.#length = 0;
    this.#append(rest);
  }

  // Copies, as the caller may use the chunk's memory again; `bytes` may be part of what is held already.
  #append(bytes: Uint8Array): void {
    const needed = this.#length + bytes.length;
    if (needed > this.#unfinished.length) {
      const grown = new Uint8Array(Math.max(needed, this.#unfinished.length * 2));
      grown.set(this.#unfinished.subarray(0, this.#length));
      this.#unfinished = grown;
    }
    this.#unfinished.set(bytes, this.#length);
    this.#length = needed;
  }
}

const INITIAL_SIZE = 64;
