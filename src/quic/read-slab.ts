import { Buffer } from 'node:buffer';

/**
 * Memory for what the engine hands out: one large block is cut into the chunks that are read, so that most reads
 * neither allocate nor copy. A chunk keeps its block alive, so small ones are copied out: ten bytes held by a slow
 * reader must not cost 64 KB.
 */
export class ReadSlab {
  #block = Buffer.allocUnsafeSlow(BLOCK);
  #offset = 0;

  /** Room to read into: at least {@link LEAST_ROOM} bytes. */
  room(): Buffer {
    if (BLOCK - this.#offset < LEAST_ROOM) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#offset = 0;
    }
    return this.#block.subarray(this.#offset);
  }

  /** The first `length` bytes of the room as a chunk of its own. */
  take(length: number): Uint8Array {
    const start = this.#offset;
    const chunk = this.#block.subarray(start, start + length);
    if (length < SMALL) return Buffer.from(chunk);
    this.#offset = start + length;
    return chunk;
  }
}

const BLOCK = 64 * 1024;
const LEAST_ROOM = 16 * 1024;
const SMALL = 2 * 1024;
