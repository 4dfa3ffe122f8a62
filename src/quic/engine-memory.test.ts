import { constants, PerformanceObserver } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished, vi } from 'vitest';
import { collectYoung, leftBehind, moved } from './engine-memory.ts';

const MEGABYTE = 2 ** 20;

/** Counts collections that were asked for. */
function collections(wanted: number): { count: number } {
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

it('young garbage is collected once for each eight megabytes of datagrams, and not before', async () => {
  const seen = collections(constants.NODE_PERFORMANCE_GC_MINOR);
  moved(7 * MEGABYTE);
  collectYoung();
  await pause(20);
  expect(seen.count).toBe(0);
  moved(MEGABYTE);
  collectYoung();
  collectYoung();
  await vi.waitFor(() => expect(seen.count).toBe(1));
  // A second one would be told of at once.
  await pause(20);
  expect(seen.count).toBe(1);
});

it('leaves no collector behind in the global scope', () => {
  moved(8 * MEGABYTE);
  collectYoung();
  expect('gc' in globalThis).toBe(false);
});

it('the whole heap is searched when connections left eight megabytes behind, soon but not at once, and once for many', async () => {
  const seen = collections(constants.NODE_PERFORMANCE_GC_MAJOR);
  leftBehind(7 * MEGABYTE);
  await pause(20);
  expect(seen.count).toBe(0);
  for (let count = 0; count < 10; count++) leftBehind(50 * MEGABYTE);
  await vi.waitFor(() => expect(seen.count).toBe(1));
  leftBehind(50 * MEGABYTE);
  await pause(20);
  expect(seen.count).toBe(1);
});
