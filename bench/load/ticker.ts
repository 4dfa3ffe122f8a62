/**
 * `ticker.ts RATE SECONDS`: writes the moment when it starts, of the system's monotonic clock in nanoseconds (8 bytes),
 * and then a byte whenever a request is due. A process of its own, as the timers of Node's event loop know nothing finer
 * than a millisecond and are late when the loop has work.
 */
import { writeSync } from 'node:fs';

const [rate = 1, seconds = 0] = process.argv.slice(2).map(Number);
const never = new Int32Array(new SharedArrayBuffer(4));
const BYTE = Buffer.alloc(1);
const moment = Buffer.alloc(8);
moment.writeBigUInt64LE(process.hrtime.bigint());
writeSync(1, moment);
const start = performance.now();
for (let n = 1; n <= rate * seconds; n++) {
  const wait = start + (n * 1000) / rate - performance.now();
  if (wait > 0) Atomics.wait(never, 0, 0, wait);
  writeSync(1, BYTE);
}
