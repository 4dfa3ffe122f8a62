import { spawn } from 'node:child_process';
import { availableParallelism } from 'node:os';

/** Ends with the process that started it, however that one ends. */
const SPIN = `while (process.ppid === ${process.pid});`;

/**
 * Keeps processors awake, as long as this process lives, while something is measured that waits most of the time. One that
 * idles is handed to others by the host of a virtual machine, and is back after one to four milliseconds with cold caches:
 * the figures would be the host's. Whatever has work goes before what runs here (SCHED_IDLE).
 */
export function keepAwake(): void {
  for (let processor = 0; processor < availableParallelism(); processor++) {
    const child = spawn('chrt', ['--idle', '0', process.execPath, '-e', SPIN], { stdio: 'ignore' });
    child.unref();
    child.once('error', (error) => console.error(`processors may fall asleep: ${error.message}`));
  }
}
