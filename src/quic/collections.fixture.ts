import { constants, PerformanceObserver } from 'node:perf_hooks';
import { onTestFinished } from 'vitest';

/** Counts garbage collections of a kind that were asked for, until the test is over. */
export function collections(kind: 'minor' | 'major'): { count: number } {
  const wanted = kind === 'minor' ? constants.NODE_PERFORMANCE_GC_MINOR : constants.NODE_PERFORMANCE_GC_MAJOR;
  const seen = { count: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Node's type leaves out what entries of this kind carry.
      const { kind, flags } = (entry as unknown as { detail: { kind: number; flags: number } }).detail;
      const forced = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
      if (forced && kind === wanted) seen.count++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  onTestFinished(() => observer.disconnect());
  return seen;
}
