import { setTimeout as pause } from 'node:timers/promises';
import { getHeapSpaceStatistics } from 'node:v8';
import { expect, it } from 'vitest';
import { tuneV8 } from './v8.ts';

const young = (): number =>
  getHeapSpaceStatistics().find(({ space_name }) => space_name === 'new_space')?.space_size ?? 0;

it('bounds the young generation, whatever survives in it', async () => {
  tuneV8();
  const kept: object[] = [];
  for (let turn = 0; turn < 60; turn++) {
    for (let at = 0; at < 40_000; at++) kept[at % 20_000] = { at, content: [at, at] };
    await pause(1);
  }
  // The collections of one turn may let it grow once more before anybody looks.
  expect(young()).toBeLessThanOrEqual(16 * 2 ** 20);
  expect(young()).toBeGreaterThan(2 * 2 ** 20);
});
