import { expect, it } from 'vitest';
import { Abandoned } from './abandoned.ts';

it('is too much when it comes to the first window, of which one stream has no more under way', () => {
  const abandoned = new Abandoned(500_000);
  abandoned.add(499_999);
  expect(abandoned.isTooMuch).toBe(false);
  abandoned.add(1);
  expect(abandoned.isTooMuch).toBe(true);
});

it('is not too much soon where the first window promises nothing', () => {
  const abandoned = new Abandoned(13_500);
  for (let count = 0; count < 4; count++) abandoned.add(65_535);
  expect(abandoned.isTooMuch).toBe(false);
  abandoned.add(10_000_000);
  expect(abandoned.isTooMuch).toBe(true);
});
