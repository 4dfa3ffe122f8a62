import { Buffer } from 'node:buffer';
import type { SystemCalls } from '../linux/system-calls.ts';
import { MessageHeaders } from './message-headers.ts';

/** Datagrams that are read with one call at most. */
export const MOST_AT_ONCE = 32;

/** The largest datagram there is, bytes. Only what is written to takes memory. */
const ROOM = 65_536;

/** Reads datagrams that wait at a connected socket, with one system call. There is one in the process. */
export class IncomingBatch {
  readonly #calls: SystemCalls;
  readonly #memory = Buffer.allocUnsafeSlow(MOST_AT_ONCE * ROOM);
  readonly #headers: MessageHeaders;
  #reading = false;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#headers = new MessageHeaders(calls, MOST_AT_ONCE, this.#memory);
    for (let index = 0; index < MOST_AT_ONCE; index++) this.#headers.set(index, index * ROOM, ROOM);
  }

  /**
   * Hands each of up to `most` datagrams ({@link MOST_AT_ONCE} at most) to `take`; their memory is used again afterwards.
   * Returns how many they were, or the name of an error: `EAGAIN` when there was none.
   */
  read(descriptor: number, most: number, take: (datagram: Buffer) => void): number | string {
    if (this.#reading) return 'EAGAIN';
    this.#reading = true;
    try {
      const count = this.#calls.receive(descriptor, this.#headers.bytes, most);
      if (typeof count === 'string') return count;
      for (let index = 0; index < count; index++) {
        const length = this.#headers.received(index);
        if (length > 0) take(this.#memory.subarray(index * ROOM, index * ROOM + length));
      }
      return count;
    } finally {
      this.#reading = false;
    }
  }
}
