import { Buffer } from 'node:buffer';

/**
 * Memory for what the engine hands out: one large block is cut into the chunks that are read, so that most reads
 * neither allocate nor copy. A chunk keeps its block alive, so small ones are copied out: ten bytes held by a slow
 * reader must not cost 64 KB.
 */
export class ReadSlab {
  #block = Buffer.allocUnsafeSlow(BLOCK);
  #offset = 0;
  /** All behind the offset: the same as long as what comes is small. */
  #room = this.#block;

  /** Room to read into: at least {@link LEAST_ROOM} bytes. */
  room(): Buffer {
    if (this.#room.length < LEAST_ROOM) {
      this.#block = Buffer.allocUnsafeSlow(BLOCK);
      this.#offset = 0;
      this.#room = this.#block;
    }
    return this.#room;
  }

  /** The first `length` bytes of the room as a chunk of its own. */
  take(length: number): Uint8Array {
    const end = this.#offset + length;
    if (length < SMALL) {
      const copy = Buffer.allocUnsafe(length);
      this.#block.copy(copy, 0, this.#offset, end);
      return copy;
    }
    const chunk = this.#block.subarray(this.#offset, end);
    this.#offset = end;
    this.#room = this.#block.subarray(end);
    return chunk;
  }
}

const BLOCK = 64 * 1024;
const LEAST_ROOM = 16 * 1024;
const SMALL = 2 * 1024;
