import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, vi } from 'vitest';
import { collections } from './collections.fixture.ts';
import { collectYoung, leftBehind, moved } from './engine-memory.ts';

const MEGABYTE = 2 ** 20;

it('young garbage is collected once for each eight megabytes of datagrams, and not before', async () => {
  const seen = collections('minor');
  moved(7 * MEGABYTE);
  collectYoung(0, false);
  await pause(20);
  expect(seen.count).toBe(0);
  moved(MEGABYTE);
  collectYoung(0, false);
  collectYoung(0, false);
  await vi.waitFor(() => expect(seen.count).toBe(1));
  // A second one would be told of at once.
  await pause(20);
  expect(seen.count).toBe(1);
});

it('young garbage of many calls is collected in a lull, and not in one that follows too soon', async () => {
  // Whatever was left of the test before.
  moved(8 * MEGABYTE);
  collectYoung(900, false);
  await pause(20);
  const seen = collections('minor');
  const work = (calls: number): void => {
    for (let call = 0; call < calls; call++) collectYoung(1000, false);
  };
  work(98);
  collectYoung(1000, true);
  await pause(20);
  expect(seen.count).toBe(0);
  collectYoung(1000, true);
  work(200);
  collectYoung(1019, true);
  await vi.waitFor(() => expect(seen.count).toBe(1));
  await pause(20);
  expect(seen.count).toBe(1);
  collectYoung(1020, true);
  collectYoung(1040, true);
  await vi.waitFor(() => expect(seen.count).toBe(2));
  await pause(20);
  expect(seen.count).toBe(2);
});

it('leaves no collector behind in the global scope', () => {
  moved(8 * MEGABYTE);
  collectYoung(0, false);
  expect('gc' in globalThis).toBe(false);
});

it('the whole heap is searched when connections left eight megabytes behind, soon but not at once, and once for many', async () => {
  const seen = collections('major');
  leftBehind(7 * MEGABYTE);
  await pause(20);
  expect(seen.count).toBe(0);
  for (let count = 0; count < 10; count++) leftBehind(50 * MEGABYTE);
  await vi.waitFor(() => expect(seen.count).toBe(1));
  leftBehind(50 * MEGABYTE);
  await pause(20);
  expect(seen.count).toBe(1);
});
