import { expect, it } from 'vitest';
import { Slices } from './slices.ts';

const turn = () => new Promise((resolve) => setImmediate(resolve));

it('sees to a few at once, and to others in turns to come; then it is done', async () => {
  const seen: (number | string)[] = [];
  const slices = new Slices<number>(2, (item) => void seen.push(item));
  slices.add([1, 2, 3, 4]);
  slices.whenDone(() => seen.push('done'));
  slices.add([5]);
  expect(seen).toEqual([1, 2]);
  await turn();
  expect(seen).toEqual([1, 2, 3, 4]);
  await turn();
  expect(seen).toEqual([1, 2, 3, 4, 5, 'done']);
});

it('sees to what comes meanwhile, and to nothing that was cleared', async () => {
  const seen: number[] = [];
  const slices = new Slices<number>(2, (item) => {
    seen.push(item);
    if (item === 1) slices.add([9]);
  });
  slices.add([1]);
  expect(seen).toEqual([1, 9]);
  slices.add([2, 3, 4]);
  slices.clear();
  await turn();
  expect(seen).toEqual([1, 9, 2, 3]);
});
