import { Buffer } from 'node:buffer';
import { JOIN_BELOW, MAX_JOINED } from './limits.ts';

/**
 * Joins content that comes in many small DATA frames. A frame of one byte takes three on the wire, and handing it on
 * costs what a full datagram does: a peer could make us work a hundred times as hard as itself.
 */
export class PieceJoiner {
  readonly #bytes = Buffer.allocUnsafeSlow(MAX_JOINED);
  #length = 0;
  #direct = 0;

  get isEmpty(): boolean {
    return this.#length === 0;
  }

  /** Takes a copy of a small piece for which there is room. `more`: whether others may follow at once. */
  join(piece: Uint8Array, more: boolean): boolean {
    if (piece.length >= JOIN_BELOW || this.#length + piece.length > MAX_JOINED) return false;
    if (this.#direct < DIRECT) {
      this.#direct++;
      return false;
    }
    if (!more && this.isEmpty) return false;
    this.#bytes.set(piece, this.#length);
    this.#length += piece.length;
    return true;
  }

  /** What was joined, and `last` behind it, for the caller to keep. */
  take(last: Uint8Array = NOTHING): Uint8Array {
    const joined = Buffer.concat([this.#bytes.subarray(0, this.#length), last]);
    this.#length = 0;
    return joined;
  }

  /** Begins anew, with what has arrived of another message. */
  clear(): void {
    this.#length = 0;
    this.#direct = 0;
  }
}

/** Small pieces of one arrival that are handed on as they are: an honest peer has no more to say at once. */
const DIRECT = 16;

const NOTHING = new Uint8Array(0);
