import { performance } from 'node:perf_hooks';
import { loadSystemCalls } from '../linux/system-calls.ts';
import { IncomingBatch } from './incoming-batch.ts';
import type { Logger } from './log.ts';
import { errorText } from './native.ts';
import { OutgoingBatch } from './outgoing-batch.ts';

/** So many datagrams within so many milliseconds make system calls of our own worth the 4 MB that they take. */
const BUSY = { datagrams: 256, within: 48 };

/** System calls that move many datagrams at once: for the whole process, from the first time on that it is busy. */
class Batching {
  outgoing: OutgoingBatch | undefined;
  incoming: IncomingBatch | undefined;
  #count = 0;
  #since = Number.NEGATIVE_INFINITY;
  #asked = false;

  /** A datagram came or went one by one. */
  moved(logger: Logger): void {
    if (this.#asked || ++this.#count < BUSY.datagrams) return;
    const now = performance.now();
    if (now - this.#since < BUSY.within) void this.load(logger);
    this.#count = 0;
    this.#since = now;
  }

  /** What waits for others to be sent with leaves now. */
  flush(): void {
    this.outgoing?.flush();
  }

  /** Never rejects: without them all goes on as before. */
  async load(logger: Logger): Promise<void> {
    if (this.#asked) return;
    this.#asked = true;
    try {
      const calls = await loadSystemCalls();
      if (calls === undefined) return;
      this.outgoing = new OutgoingBatch(calls);
      this.incoming = new IncomingBatch(calls);
      logger.debug({}, 'busy: datagrams are sent and received many at a time');
    } catch (error) {
      logger.info(
        {},
        `datagrams are sent and received one by one, which takes more of the processor: ${errorText(error)}`,
      );
    }
  }
}

export const batching = new Batching();
