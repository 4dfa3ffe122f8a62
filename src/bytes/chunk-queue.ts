/**
 * A first-in, first-out queue of byte chunks that knows its total length. It takes ownership of what is pushed:
 * chunks are neither copied nor may they be changed afterwards. It has no bound of its own; whoever pushes looks at
 * {@link ChunkQueue.byteLength} and holds back.
 */
export class ChunkQueue {
  #chunks: Uint8Array[] = [];
  #head = 0;
  #byteLength = 0;

  /** Bytes in the queue. */
  get byteLength(): number {
    return this.#byteLength;
  }

  push(chunk: Uint8Array): void {
    if (chunk.length === 0) return;
    this.#chunks.push(chunk);
    this.#byteLength += chunk.length;
  }

  /** The first chunk, left where it is; `undefined` when the queue is empty. */
  peek(): Uint8Array | undefined {
    return this.#chunks[this.#head];
  }

  /**
   * Copies whole chunks from the front, as many as `into` has room for, and leaves them where they are. Returns their
   * length: 0 when not even two fit, as one alone is there to be peeked at.
   */
  copy(into: Uint8Array): number {
    const first = this.#chunks[this.#head];
    const second = this.#chunks[this.#head + 1];
    if (first === undefined || second === undefined || first.length + second.length > into.length) return 0;
    let length = 0;
    for (let index = this.#head; index < this.#chunks.length; index++) {
      const chunk = this.#chunks[index] as Uint8Array;
      if (length + chunk.length > into.length) break;
      into.set(chunk, length);
      length += chunk.length;
    }
    return length;
  }

  /** Removes `count` bytes from the front. */
  consume(count: number): void {
    if (count < 0 || count > this.#byteLength) throw new RangeError(`cannot consume ${count} bytes`);
    this.#byteLength -= count;
    let left = count;
    while (left > 0) {
      const chunk = this.#chunks[this.#head] as Uint8Array;
      if (left < chunk.length) {
        this.#chunks[this.#head] = chunk.subarray(left);
        return;
      }
      left -= chunk.length;
      this.#dropFirst();
    }
  }

  /** Removes and returns the first chunk. */
  shift(): Uint8Array | undefined {
    const chunk = this.#chunks[this.#head];
    if (chunk === undefined) return undefined;
    this.#byteLength -= chunk.length;
    this.#dropFirst();
    return chunk;
  }

  clear(): void {
    this.#chunks = [];
    this.#head = 0;
    this.#byteLength = 0;
  }

  // Moving the head instead of shifting the array keeps a long queue linear; the array is cut now and then so that
  // what was sent does not stay in memory.
  #dropFirst(): void {
    this.#chunks[this.#head++] = EMPTY;
    if (this.#head === this.#chunks.length) {
      this.#chunks.length = 0;
      this.#head = 0;
    } else if (this.#head >= 64 && this.#head * 2 >= this.#chunks.length) {
      this.#chunks = this.#chunks.slice(this.#head);
      this.#head = 0;
    }
  }
}

const EMPTY = new Uint8Array(0);
