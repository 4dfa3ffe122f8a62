import { expect, it } from 'vitest';
import { Recent } from './recent.ts';

it('remembers each for a while', () => {
  const recent = new Recent(30_000, 10);
  recent.add('one', 1000);
  const known = [recent.has('one', 30_999), recent.has('one', 31_000), recent.has('two', 1000)];
  expect(known).toEqual([true, false, false]);
});

it('forgets the oldest when there are too many', () => {
  const recent = new Recent(100, 1024);
  for (let count = 0; count < 1024; count++) recent.add(`${count}`, 0);
  recent.add('0', 1);
  recent.add('another', 1);
  expect(['0', '1', '2', 'another'].map((text) => recent.has(text, 2))).toEqual([true, false, true, true]);
});
