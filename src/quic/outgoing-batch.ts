import { Buffer } from 'node:buffer';
import type { SystemCalls } from '../linux/system-calls.ts';
import { MessageHeaders } from './message-headers.ts';

/** Where a batch goes: a connected socket. */
export interface BatchTarget {
  readonly descriptor: number;
  /** Whether the system shall be asked to cut datagrams of equal length out of one piece (UDP_SEGMENT, udp(7)). */
  segments: boolean;
  /** These were not sent. `code`: the system's, of the first, unless it is about `segments`. */
  unsent(datagrams: readonly Buffer[], code: string | undefined): void;
}

/**
 * Datagrams that wait at most: the other end is to begin with them while the next are made. With 64, requests took less of the
 * processor, and were no faster.
 */
const MOST_DATAGRAMS = 16;

/** And their bytes: what fits into one datagram, the most that the system cuts into pieces. */
const MOST_BYTES = 65_000;

/** What the system says to segments that a route, a device or its own age does not allow. */
const NO_SEGMENTS: readonly string[] = ['EINVAL', 'EIO', 'EMSGSIZE', 'EOPNOTSUPP'];

/**
 * Datagrams of one turn, sent with one system call; those of equal length that follow one another as one message. There is one
 * batch in the process, for one socket at a time.
 */
export class OutgoingBatch {
  readonly #calls: SystemCalls;
  readonly #memory = Buffer.allocUnsafeSlow(MOST_BYTES);
  readonly #headers: MessageHeaders;
  readonly #lengths: number[] = [];
  #used = 0;
  #target: BatchTarget | undefined;
  #armed = false;

  constructor(calls: SystemCalls) {
    this.#calls = calls;
    this.#headers = new MessageHeaders(calls, MOST_DATAGRAMS, this.#memory);
  }

  /** Takes a copy, and sends it before anything else happens in the process. False: it is too large for that. */
  add(target: BatchTarget, datagram: Buffer): boolean {
    if (datagram.length > MOST_BYTES) return false;
    const fits = this.#lengths.length < MOST_DATAGRAMS && this.#used + datagram.length <= MOST_BYTES;
    if (!fits || target !== this.#target) this.flush();
    this.#target = target;
    this.#memory.set(datagram, this.#used);
    this.#used += datagram.length;
    this.#lengths.push(datagram.length);
    if (!this.#armed) {
      this.#armed = true;
      queueMicrotask(this.#flushSoon);
    }
    return true;
  }

  /** Sends what waits. */
  flush(): void {
    const target = this.#target;
    if (target === undefined || this.#lengths.length === 0) return;
    const messages = this.#compose(target.segments);
    let done = 0;
    let error: string | undefined;
    while (done < messages.length && error === undefined) {
      const sent = this.#calls.send(target.descriptor, this.#headers.from(done), messages.length - done);
      if (typeof sent === 'string') error = sent;
      else done += sent;
    }
    const rest = error === undefined ? [] : this.#copiesFrom(messages[done] ?? 0);
    this.#lengths.length = 0;
    this.#used = 0;
    // Last, for the target may close its socket now, which sends what waits.
    if (error !== undefined) giveBack(target, rest, error);
  }

  readonly #flushSoon = (): void => {
    this.#armed = false;
    this.flush();
  };

  /** Writes the headers. Returns with which datagram each message begins. */
  #compose(segments: boolean): readonly number[] {
    const messages: number[] = [];
    let offset = 0;
    for (let index = 0; index < this.#lengths.length; ) {
      const length = this.#lengths[index] ?? 0;
      const count = segments ? this.#alike(index) : 1;
      let bytes = 0;
      for (let each = index; each < index + count; each++) bytes += this.#lengths[each] ?? 0;
      this.#headers.set(messages.length, offset, bytes, count > 1 ? length : 0);
      messages.push(index);
      offset += bytes;
      index += count;
    }
    return messages;
  }

  /** How many datagrams from `index` on are one message: equally long but for the last, which may be shorter. */
  #alike(index: number): number {
    const length = this.#lengths[index];
    let end = index + 1;
    while (this.#lengths[end] === length) end++;
    const last = this.#lengths[end];
    return (last !== undefined && length !== undefined && last < length ? end + 1 : end) - index;
  }

  #copiesFrom(first: number): readonly Buffer[] {
    let offset = 0;
    const copies: Buffer[] = [];
    for (const [index, length] of this.#lengths.entries()) {
      if (index >= first) copies.push(Buffer.from(this.#memory.subarray(offset, offset + length)));
      offset += length;
    }
    return copies;
  }
}

function giveBack(target: BatchTarget, datagrams: readonly Buffer[], error: string): void {
  const segmented = target.segments && NO_SEGMENTS.includes(error);
  if (segmented) target.segments = false;
  target.unsent(datagrams, segmented ? undefined : error);
}
