import { PerformanceObserver } from 'node:perf_hooks';
import { getHeapSpaceStatistics, setFlagsFromString } from 'node:v8';

/**
 * By how much the heap may grow before it is searched whole, percent of what is in use: as far as V8 itself goes at
 * most.
 */
const GROWTH = 300;

/**
 * How large a half of the young generation grows, bytes. V8 itself goes to 16 MB, and has two to three of them: under load twenty
 * megabytes more at each end, for two requests more in a hundred.
 */
const YOUNG = 4 * 2 ** 20;

/**
 * Fits V8 to this program; to be called before the rest of it is loaded.
 *
 * - Garbage collection: the heap is small, and much moves through buffers outside it. V8 adds these to the heap when it
 *   decides when to search it, and with a heap of ten megabytes that would be for every four that pass: a fifth of the
 *   processor's time.
 *   The young generation grows no further than pays. Hardly anything in it survives a search, so that waking other threads up to
 *   share it costs more than they do.
 * - Compilation: functions are compiled when they are loaded, count the types they meet from the first call on, and go to
 *   the baseline compiler one by one, as soon as they are called often enough. Left to itself, V8 does each of these
 *   when a request needs it: the first transfer after the start took 7 % longer for that, and so did connecting.
 */
export function tuneV8(): void {
  setFlagsFromString(`--heap-growing-percent=${GROWTH}`);
  boundYoungGeneration();
  setFlagsFromString('--no-parallel-scavenge');
  setFlagsFromString('--no-lazy');
  setFlagsFromString('--no-lazy-feedback-allocation');
  setFlagsFromString('--no-baseline-batch-compilation');
}

// Its size can be set only for a process that begins; how fast it grows, at any time. V8 shrinks it when there is little to do.
function boundYoungGeneration(): void {
  let factor = 0;
  const observer = new PerformanceObserver(() => {
    const wanted = youngGeneration() < 2 * YOUNG ? 2 : 1;
    if (wanted === factor) return;
    factor = wanted;
    setFlagsFromString(`--semi-space-growth-factor=${factor}`);
  });
  observer.observe({ entryTypes: ['gc'] });
}

/** Bytes of both halves. */
function youngGeneration(): number {
  return getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;
}
