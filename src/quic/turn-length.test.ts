import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { TurnLength } from './turn-length.ts';

/** What one connection may deliver after turns that took so long, milliseconds. */
async function after(turns: readonly number[]): Promise<number> {
  let busy = 1000;
  const length = new TurnLength(() => busy);
  for (const milliseconds of turns) {
    busy += milliseconds;
    length.watch();
    length.watch();
    await turn();
  }
  return length.most;
}

it('one connection may deliver for two milliseconds while turns are short', async () => {
  expect(await after([])).toBe(2);
  expect(await after([2, 1, 2])).toBe(2);
});

it('it may deliver half as long after each long turn, and never nothing', async () => {
  expect(await after([2.5])).toBe(1);
  expect(await after([2.5, 20])).toBe(0.5);
  expect(await after(new Array<number>(100).fill(3))).toBe(0.05);
});

it('it may deliver longer again when turns are short again', async () => {
  expect(await after([4, 4, 1])).toBe(0.625);
  expect(await after([4, 4, ...new Array<number>(7).fill(1)])).toBe(2);
});

it('the event loop is measured by itself', async () => {
  const length = new TurnLength();
  const until = performance.now() + 10;
  while (performance.now() < until);
  length.watch();
  await turn();
  expect(length.most).toBe(1);
});
