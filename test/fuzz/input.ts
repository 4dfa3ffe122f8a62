/** An input read as a program: what is to be done next, and with what. Past its end it gives zeros. */
export class Input {
  readonly #bytes: Uint8Array;
  #offset = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
  }

  get done(): boolean {
    return this.#offset >= this.#bytes.length;
  }

  byte(): number {
    return this.#bytes[this.#offset++] ?? 0;
  }

  /** A number under `end`, which is at most 256. */
  below(end: number): number {
    return this.byte() % end;
  }

  pick<T>(choices: readonly T[]): T {
    return choices[this.below(choices.length)] as T;
  }

  /** A copy of the next bytes, up to `count`. */
  take(count: number): Buffer {
    const start = this.#offset;
    this.#offset += count;
    return Buffer.from(this.#bytes.subarray(start, this.#offset));
  }

  /** All that is left. */
  rest(): Uint8Array {
    const rest = this.#bytes.subarray(this.#offset);
    this.#offset = this.#bytes.length;
    return rest;
  }
}
