import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { byteLength, copyPieces, type Pieces } from '../bytes/pieces.ts';
import { streamDescriptor } from '../linux/descriptor.ts';
import { MOST_WRITES, type WriteBatch, writeBatch } from '../linux/write-batch.ts';

/** Outlets that have something for the end of this callback of the event loop. */
let waiting: Outlet[] = [];

/** So many do not wait any longer: what was answered first must not wait for hundreds of others. */
const MOST_WAITING = MOST_WRITES;

/** What is larger than this, bytes, goes out at once: what is gained is little beside what it costs. */
const SMALL = 16_384;

/**
 * What goes out of a TCP socket. Small pieces for many sockets wait for one another, until {@link flushOutlets} or the end of the
 * present callback of the event loop: written in a row they reach a receiver that is awake, while each by itself would wake it
 * up. Whoever does something else with the socket calls {@link flush} first.
 */
export class Outlet {
  readonly #socket: Socket;
  #descriptor: number | undefined;
  #pieces: Pieces | undefined;

  constructor(socket: Socket) {
    this.#socket = socket;
  }

  /** Sends text (one byte a character) or bytes. `false`: enough is waiting, until the socket's `drain`. */
  write(piece: string | Uint8Array): boolean {
    return this.writeAll([piece]);
  }

  /** Sends these together, as {@link write}. */
  writeAll(pieces: Pieces): boolean {
    this.flush();
    if (byteLength(pieces) > SMALL) return this.#writeLarge(pieces);
    this.#pieces = pieces;
    if (waiting.length === 0) queueMicrotask(flushOutlets);
    if (waiting.push(this) >= MOST_WAITING) flushOutlets();
    return !this.#socket.writableNeedDrain;
  }

  /** Sends what waits. */
  flush(): void {
    const pieces = this.#pieces;
    if (pieces === undefined) return;
    this.#pieces = undefined;
    if (!this.#socket.destroyed) this.#write(pieces.length === 1 ? (pieces[0] ?? '') : joined(pieces));
  }

  /** Hands what waits to a batch. False: nothing waited, or it was sent, for another reason to do so. */
  join(batch: WriteBatch): boolean {
    const pieces = this.#pieces;
    if (pieces === undefined) return false;
    if (!this.#isCalm()) {
      this.flush();
      return false;
    }
    this.#descriptor ??= streamDescriptor(this.#socket);
    if (this.#descriptor === undefined || !batch.add(this.#descriptor, pieces)) {
      this.flush();
      return false;
    }
    this.#pieces = undefined;
    return true;
  }

  /** Sends what a batch could not. */
  sendRest(rest: Buffer): void {
    if (!this.#socket.destroyed) this.#write(rest);
  }

  /** What is written past Node now stays behind all that Node was given. */
  #isCalm(): boolean {
    const socket = this.#socket;
    return !socket.destroyed && !socket.connecting && !socket.writableEnded && socket.writableLength === 0;
  }

  #writeLarge(pieces: Pieces): boolean {
    let hasRoom = true;
    this.#socket.cork();
    for (const piece of pieces) if (piece.length > 0) hasRoom = this.#write(piece);
    this.#socket.uncork();
    return hasRoom;
  }

  #write(piece: string | Uint8Array): boolean {
    return typeof piece === 'string' ? this.#socket.write(piece, 'latin1') : this.#socket.write(piece);
  }
}

/**
 * Sends all that waits: to be called when nothing more comes for a while, though the callback goes on. A request alone would be
 * late by a fifth of a millisecond if its answer waited for what a QUIC connection does then.
 */
export function flushOutlets(): void {
  const outlets = waiting;
  waiting = [];
  const batch = outlets.length > 1 ? writeBatch() : undefined;
  if (batch === undefined) for (const outlet of outlets) outlet.flush();
  else writeTogether(outlets, batch);
}

function writeTogether(outlets: readonly Outlet[], batch: WriteBatch): void {
  const joined: Outlet[] = [];
  for (const outlet of outlets) if (outlet.join(batch)) joined.push(outlet);
  for (const { index, rest } of batch.write()) joined[index]?.sendRest(rest);
}

/** Little is copied into one piece, which costs less than to write several. */
function joined(pieces: Pieces): Buffer {
  const bytes = Buffer.allocUnsafe(byteLength(pieces));
  copyPieces(pieces, bytes, 0);
  return bytes;
}
