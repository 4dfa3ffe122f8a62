import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import { collectYoung, moved } from './engine-memory.ts';

const MEGABYTE = 2 ** 20;

/** Counts collections of young objects that were asked for. */
function minorCollections(): { count: number } {
  const seen = { count: 0 };
  const observer = new PerformanceObserver((list) => {
    for (const entry of list.getEntries()) {
      // Node's type leaves out what entries of this kind carry.
      const { kind, flags } = (entry as unknown as { detail: { kind: number; flags: number } }).detail;
      const forced = (flags & constants.NODE_PERFORMANCE_GC_FLAGS_FORCED) !== 0;
      if (forced && kind === constants.NODE_PERFORMANCE_GC_MINOR) seen.count++;
    }
  });
  observer.observe({ entryTypes: ['gc'] });
  onTestFinished(() => observer.disconnect());
  return seen;
}

it('young garbage is collected once for each eight megabytes of datagrams, and not before', async () => {
  const seen = minorCollections();
  moved(7 * MEGABYTE);
  collectYoung();
  await pause(20);
  expect(seen.count).toBe(0);
  moved(MEGABYTE);
  collectYoung();
  collectYoung();
  await pause(20);
  expect(seen.count).toBe(1);
});

it('leaves no collector behind in the global scope', () => {
  moved(8 * MEGABYTE);
  collectYoung();
  expect('gc' in globalThis).toBe(false);
});
