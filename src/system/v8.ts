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
 * - Compilation: what is called often enough to be compiled is compiled at once (by the baseline compiler), and does not
 *   wait until there is enough for a batch. A transfer just after the start would else be bound by the processor.
 */
export function tuneV8(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  setFlagsFromString('--no-baseline-batch-compilation');
}
