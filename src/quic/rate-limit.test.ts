import { expect, it } from 'vitest';
import { RateLimit } from './rate-limit.ts';

it('allows the capacity at once, and the rate afterwards', () => {
  const limit = new RateLimit(0.1, 3);
  const allowed = (now: number): number => {
    let count = 0;
    for (; limit.allows(now); count++) limit.spend(1);
    return count;
  };
  expect([allowed(0), allowed(9), allowed(30), allowed(1000)]).toEqual([3, 1, 2, 3]);
});

it('is closed for as long as it was overdrawn', () => {
  const limit = new RateLimit(1, 10);
  limit.spend(110);
  limit.allows(0);
  expect([limit.allows(99), limit.allows(100), limit.allows(101)]).toEqual([false, false, true]);
});

it('takes back what was spent in vain, up to its capacity', () => {
  const limit = new RateLimit(0, 5);
  limit.spend(7);
  expect(limit.allows(0)).toBe(false);
  limit.spend(-20);
  limit.spend(5);
  expect(limit.allows(0)).toBe(false);
});
