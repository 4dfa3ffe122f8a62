import { Buffer } from 'node:buffer';
import type { EngineAddress } from './native.ts';

/** How long after a datagram its copies follow, milliseconds: far enough apart not to be lost together. */
const DELAYS = [5, 100] as const;

/** Most copies that wait; who asks for more at once has to do with fewer. */
const LIMIT = 64;

interface Copy {
  readonly datagram: Buffer;
  readonly to: EngineAddress;
  readonly due: number;
}

/**
 * Further copies of datagrams whose loss nothing would make good. The engine does not send STOP_SENDING again when it
 * is lost, and a peer that never hears of it goes on until the stream's credit is spent, and holds the stream.
 * QUIC discards duplicates (RFC 9000 §12.3).
 */
export class Insistence {
  readonly #copies: Copy[] = [];
  #asked = false;

  /** When {@link release} has something to do; `Infinity` when nothing waits. */
  get due(): number {
    let due = Number.POSITIVE_INFINITY;
    for (const copy of this.#copies) due = Math.min(due, copy.due);
    return due;
  }

  /** The next datagram has something in it that must arrive. */
  insist(): void {
    this.#asked = true;
  }

  /** A datagram was sent. */
  sent(datagram: Buffer, to: EngineAddress, now: number): void {
    if (!this.#asked) return;
    this.#asked = false;
    if (this.#copies.length + DELAYS.length > LIMIT) return;
    const copy = Buffer.from(datagram);
    for (const delay of DELAYS) this.#copies.push({ datagram: copy, to, due: now + delay });
  }

  /** Hands out the copies that are due. */
  release(now: number, transmit: (datagram: Buffer, to: EngineAddress) => void): void {
    if (this.#copies.length === 0) return;
    const waiting = this.#copies.splice(0);
    for (const copy of waiting) {
      if (copy.due > now) this.#copies.push(copy);
      else transmit(copy.datagram, copy.to);
    }
  }
}
