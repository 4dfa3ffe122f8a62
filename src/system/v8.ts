import { setFlagsFromString } from 'node:v8';

/**
 * By how much the heap may grow before it is searched whole, percent of what is in use: as far as V8 itself goes at
 * most.
 */
const GROWTH = 300;

/**
 * Fits V8 to this program; to be called before the rest of it is loaded.
 *
 * - Garbage collection: the heap is small, and much moves through buffers outside it. V8 adds these to the heap when it
 *   decides when to search it, and with a heap of ten megabytes that would be for every four that pass: a fifth of the
 *   processor's time.
 * - Compilation: functions are compiled when they are loaded, count the types they meet from the first call on, and go to
 *   the baseline compiler one by one, as soon as they are called often enough. Left to itself, V8 does each of these
 *   when a request needs it: the first transfer after the start took 7 % longer for that, and so did connecting.
 */
export function tuneV8(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  setFlagsFromString('--no-lazy');
  setFlagsFromString('--no-lazy-feedback-allocation');
  setFlagsFromString('--no-baseline-batch-compilation');
}
