import { hrtime } from 'node:process';
import { Worker } from 'node:worker_threads';

/** Indices of what both threads see: a count of settings, and the moment, nanoseconds of the monotonic clock. */
const SETTINGS = 0;
const MOMENT = 1;

/** The thread sleeps until the moment comes, or another is set; having told of one, until the next is set. */
const THREAD = `
const { parentPort, workerData } = require('node:worker_threads');
const shared = new BigInt64Array(workerData);
Atomics.wait(shared, ${SETTINGS}, 0n);
for (;;) {
  const settings = Atomics.load(shared, ${SETTINGS});
  const left = Number(Atomics.load(shared, ${MOMENT}) - process.hrtime.bigint()) / 1e6;
  if (left > 0 && Atomics.wait(shared, ${SETTINGS}, settings, left) !== 'timed-out') continue;
  if (left <= 0) {
    parentPort.postMessage(undefined);
    Atomics.wait(shared, ${SETTINGS}, settings);
  }
}`;

/**
 * A timer for a fraction of a millisecond, where those of Node tick once in one: a thread waits for it, and no processor
 * is kept busy. One moment at a time; it never rings before that.
 */
export class Alarm {
  readonly #shared = new BigInt64Array(new SharedArrayBuffer(16));
  readonly #thread: Worker;

  constructor(onRing: () => void) {
    this.#thread = new Worker(THREAD, { eval: true, workerData: this.#shared.buffer });
    this.#thread.on('message', onRing);
    this.#thread.unref();
  }

  /** Rings once, after `milliseconds`; what was set before is forgotten, but may be on its way. */
  set(milliseconds: number): void {
    Atomics.store(this.#shared, MOMENT, hrtime.bigint() + BigInt(Math.ceil(milliseconds * 1e6)));
    Atomics.add(this.#shared, SETTINGS, 1n);
    Atomics.notify(this.#shared, SETTINGS);
  }

  async close(): Promise<void> {
    await this.#thread.terminate();
  }
}
