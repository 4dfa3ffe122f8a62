import { Buffer } from 'node:buffer';

/** What is thrown when a delimiter is too far. `bytes`, from `start` on, are the last piece that was looked at. */
export type TooLong = (bytes: Buffer, start: number) => Error;

/**
 * Gathers text up to a delimiter out of pieces as they arrive. What is complete within one piece is not copied; the rest
 * is looked at once, however small the pieces are.
 */
export class Gatherer {
  #held = NOTHING;
  #length = 0;

  /** What was gathered, one byte a character and without the delimiter, once {@link take} has found that. */
  text = '';

  /** Whether nothing was gathered of what comes next. */
  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /**
   * Reads on in `bytes` at `start`: gives where what follows the delimiter begins, or -1 when that has not come, and
   * all was used up. Throws `tooLong(bytes, start)` for more than `limit` bytes before the delimiter.
   */
  take(bytes: Buffer, start: number, delimiter: Buffer, limit: number, tooLong: TooLong): number {
    if (this.#length > 0) return this.#takeMore(bytes, start, delimiter, limit, tooLong);
    const end = bytes.indexOf(delimiter, start);
    if (end < 0) return this.#takeMore(bytes, start, delimiter, limit, tooLong);
    if (end - start > limit) throw tooLong(bytes, start);
    this.text = bytes.toString('latin1', start, end);
    return end + delimiter.length;
  }

  #takeMore(bytes: Buffer, start: number, delimiter: Buffer, limit: number, tooLong: TooLong): number {
    const before = this.#length;
    this.#hold(bytes.subarray(start, start + limit + delimiter.length - before));
    const held = this.#held.subarray(0, this.#length);
    const end = held.indexOf(delimiter, Math.max(0, before - delimiter.length + 1));
    if (end < 0) {
      if (this.#length >= limit + delimiter.length) throw tooLong(bytes, start);
      return -1;
    }
    this.text = held.toString('latin1', 0, end);
    this.#held = NOTHING;
    this.#length = 0;
    return start + end + delimiter.length - before;
  }

  #hold(bytes: Buffer): void {
    const length = this.#length + bytes.length;
    if (length > this.#held.length) {
      const larger = Buffer.allocUnsafe(Math.max(LEAST, length * 2));
      this.#held.copy(larger, 0, 0, this.#length);
      this.#held = larger;
    }
    bytes.copy(this.#held, this.#length);
    this.#length = length;
  }
}

const NOTHING = Buffer.alloc(0);
const LEAST = 256;
