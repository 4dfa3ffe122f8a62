import { Buffer } from 'node:buffer';
import { byteLength, copyPieces, type Pieces } from '../bytes/pieces.ts';
import { loadedSystemCalls, type SystemCalls } from './system-calls.ts';

/** Writes of a batch at most. */
export const MOST_WRITES = 32;

/** And their bytes. */
export const MOST_BYTES = 256 * 1024;

/** Bytes of `struct iocb`, of a pointer to one, and of `struct io_event` (io_submit(2)). */
const BLOCK = 64;
const POINTER = 8;
const EVENT = 32;

/** Where things are in `struct iocb`, in units of four bytes. */
const AT = { key: 0, operation: 4, descriptor: 5, address: 6, length: 8 };

/** … and in `struct io_event`, in bytes. */
const OF = { key: 0, result: 16 };

const IOCB_CMD_PWRITE = 1;

const NOTHING: readonly Remainder[] = [];

/** What a socket did not take. */
export interface Remainder {
  /** Which write of the batch, from 0 on. */
  readonly index: number;
  readonly rest: Buffer;
}

/**
 * Writes to several sockets with one system call. While each has a call of its own, whoever reads it often runs before the
 * next is written, for that one: the system prefers who has slept. The sockets do not block, so that all is over when the call
 * returns.
 */
export class WriteBatch {
  readonly #calls: SystemCalls;
  readonly #context: number;
  readonly #memory = Buffer.allocUnsafeSlow(MOST_BYTES);
  readonly #address: number;
  readonly #blocks = Buffer.alloc(MOST_WRITES * BLOCK);
  readonly #words = new Uint32Array(this.#blocks.buffer, this.#blocks.byteOffset, this.#blocks.length / 4);
  readonly #pointers = Buffer.alloc(MOST_WRITES * POINTER);
  readonly #events = Buffer.alloc(MOST_WRITES * EVENT);
  /** Where each ends in memory. */
  readonly #ends = new Uint32Array(MOST_WRITES);
  readonly #written = new Int32Array(MOST_WRITES);
  #count = 0;
  #used = 0;

  /** `undefined`: the system does not grant what it takes. */
  static open(calls: SystemCalls): WriteBatch | undefined {
    const context = calls.openContext(MOST_WRITES);
    return context === undefined ? undefined : new WriteBatch(calls, context);
  }

  private constructor(calls: SystemCalls, context: number) {
    this.#calls = calls;
    this.#context = context;
    this.#address = calls.addressOf(this.#memory);
    const first = calls.addressOf(this.#blocks);
    for (let index = 0; index < MOST_WRITES; index++) {
      this.#pointers.writeBigUInt64LE(BigInt(first + index * BLOCK), index * POINTER);
      this.#words[(index * BLOCK) / 4 + AT.key] = index;
      this.#words[(index * BLOCK) / 4 + AT.operation] = IOCB_CMD_PWRITE;
    }
  }

  /** Takes a copy of what is to be written to a socket that does not block. False: there is no room. */
  add(descriptor: number, pieces: Pieces): boolean {
    const length = byteLength(pieces);
    if (this.#count >= MOST_WRITES || this.#used + length > MOST_BYTES) return false;
    const address = this.#address + this.#used;
    const block = (this.#count * BLOCK) / 4;
    this.#words[block + AT.descriptor] = descriptor;
    this.#words[block + AT.address] = address % 2 ** 32;
    this.#words[block + AT.address + 1] = address / 2 ** 32;
    this.#words[block + AT.length] = length;
    this.#used = copyPieces(pieces, this.#memory, this.#used);
    this.#ends[this.#count] = this.#used;
    this.#written[this.#count] = 0;
    this.#count++;
    return true;
  }

  /** Writes all. Returns what was not taken, for want of room or because the connection is broken: nothing as a rule. */
  write(): readonly Remainder[] {
    const count = this.#count;
    if (count === 0) return NOTHING;
    if (this.#calls.submit(this.#context, count, this.#pointers) > 0) this.#readEvents(count);
    const remainders = this.#remainders(count);
    this.#count = 0;
    this.#used = 0;
    return remainders;
  }

  #readEvents(count: number): void {
    const events = this.#calls.events(this.#context, count, this.#events);
    for (let offset = 0; offset < events * EVENT; offset += EVENT) {
      const result = this.#events.readInt32LE(offset + OF.result);
      this.#written[this.#events.readUInt32LE(offset + OF.key)] = Math.max(0, result);
    }
  }

  #remainders(count: number): readonly Remainder[] {
    let remainders: Remainder[] | undefined;
    let start = 0;
    for (let index = 0; index < count; index++) {
      const end = this.#ends[index] ?? 0;
      const from = start + (this.#written[index] ?? 0);
      if (from < end) {
        remainders ??= [];
        remainders.push({ index, rest: Buffer.from(this.#memory.subarray(from, end)) });
      }
      start = end;
    }
    return remainders ?? NOTHING;
  }
}

let batch: WriteBatch | undefined;
let asked = false;

/** The one of this process, once somebody has loaded the system calls: `undefined` before, and where there is none. */
export function writeBatch(): WriteBatch | undefined {
  if (asked) return batch;
  const calls = loadedSystemCalls();
  if (calls === undefined) return undefined;
  asked = true;
  batch = WriteBatch.open(calls);
  return batch;
}
