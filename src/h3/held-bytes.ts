import { Code } from './codes.ts';
import { streamError } from './errors.ts';
import { MAX_HELD_FOR_FRAMES } from './limits.ts';

/**
 * Bytes that a connection holds for frames whose rest has not come. Each frame is bounded, but a peer may leave one
 * unfinished on every stream that it is allowed.
 */
export class HeldBytes {
  #held = 0;

  /** Throws H3_EXCESSIVE_LOAD on the stream when it is too much; then nothing is held. */
  hold(bytes: number): void {
    if (this.#held + bytes > MAX_HELD_FOR_FRAMES) {
      throw streamError(Code.H3_EXCESSIVE_LOAD, 'too many frames are incomplete');
    }
    this.#held += bytes;
  }

  release(bytes: number): void {
    this.#held -= bytes;
  }
}
