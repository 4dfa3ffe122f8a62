import { Buffer } from 'node:buffer';
import type { SystemCalls } from '../linux/system-calls.ts';

/** Bytes of `struct mmsghdr`, `struct iovec`, and a control message with two bytes in it, on a system of 64 bits. */
const HEADER = 64;
const VECTOR = 16;
const CONTROL = 24;
const CONTROL_LENGTH = 18;

const SOL_UDP = 17;
const UDP_SEGMENT = 103;
const MSG_TRUNC = 0x20;

/** Where things are in `struct mmsghdr`. */
const AT = { vector: 16, vectors: 24, control: 32, controlLength: 40, flags: 48, length: 56 };

/** An array of `struct mmsghdr` (sendmmsg(2)) whose messages lie in one piece of memory. */
export class MessageHeaders {
  readonly bytes: Buffer;
  readonly #memory: number;
  readonly #vectors: number;

  /** `count` messages at most, anywhere in `memory`. */
  constructor(calls: SystemCalls, count: number, memory: Buffer) {
    this.bytes = Buffer.alloc(count * (HEADER + VECTOR + CONTROL));
    this.#memory = calls.addressOf(memory);
    this.#vectors = count * HEADER;
    const here = calls.addressOf(this.bytes);
    const controls = this.#vectors + count * VECTOR;
    for (let index = 0; index < count; index++) {
      const header = index * HEADER;
      const control = controls + index * CONTROL;
      this.#write(header + AT.vector, here + this.#vectors + index * VECTOR);
      this.#write(header + AT.vectors, 1);
      this.#write(header + AT.control, here + control);
      this.#write(control, CONTROL_LENGTH);
      this.bytes.writeInt32LE(SOL_UDP, control + 8);
      this.bytes.writeInt32LE(UDP_SEGMENT, control + 12);
    }
  }

  /** Message `index` is so many bytes from `offset` on. With a `segment`, the system makes datagrams of that length of it. */
  set(index: number, offset: number, length: number, segment = 0): void {
    const vector = this.#vectors + index * VECTOR;
    this.#write(vector, this.#memory + offset);
    this.#write(vector + 8, length);
    const header = index * HEADER;
    this.#write(header + AT.controlLength, segment === 0 ? 0 : CONTROL);
    if (segment !== 0) {
      const controls = this.bytes.length - (this.#vectors / HEADER) * CONTROL;
      this.bytes.writeUInt16LE(segment, controls + index * CONTROL + 16);
    }
  }

  /** The headers from `index` on. */
  from(index: number): Buffer {
    return this.bytes.subarray(index * HEADER);
  }

  /** Bytes received as message `index`; 0 when they did not fit. */
  received(index: number): number {
    const header = index * HEADER;
    const truncated = (this.bytes.readInt32LE(header + AT.flags) & MSG_TRUNC) !== 0;
    return truncated ? 0 : this.bytes.readUInt32LE(header + AT.length);
  }

  #write(offset: number, value: number): void {
    this.bytes.writeUInt32LE(value % 2 ** 32, offset);
    this.bytes.writeUInt32LE(Math.floor(value / 2 ** 32), offset + 4);
  }
}
