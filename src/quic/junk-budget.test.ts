import { describe, expect, it } from 'vitest';
import { JunkBudget } from './junk-budget.ts';

const CREDIT = 1_000_000;
const NOTHING = { bytes: 0, pieces: 0, unread: 0 };

/** Whether `received` bytes seem too many. */
function isTooMuch(received: number, delivered = NOTHING, sent = 0, now = 0): boolean {
  const budget = new JunkBudget(CREDIT, 0);
  budget.received(received);
  // Not at once: others may have sent them.
  expect(budget.isOverspent(delivered, sent, now)).toBe(false);
  return budget.isStrict;
}

describe('what may come besides stream data', () => {
  it.each([
    ['nothing was delivered', 2 ** 20 + CREDIT, NOTHING, 0, 0],
    ['a day has passed', 2 ** 20 + CREDIT + 86_400 * 1024, NOTHING, 0, 86_400_000],
    ['bytes were delivered', 2 ** 20 + CREDIT + 5000, { bytes: 1000, pieces: 0, unread: 0 }, 0, 0],
    ['single bytes were', 2 ** 20 + CREDIT + 51_200 + 500, { bytes: 100, pieces: 100, unread: 0 }, 0, 0],
    ['a stream is paused', 2 ** 20 + 2 * CREDIT, { bytes: 0, pieces: 0, unread: CREDIT }, 0, 0],
    ['we sent something', 2 ** 20 + CREDIT + 700, NOTHING, 700, 0],
  ])('is bounded when %s', (_when, bound, delivered, sent, now) => {
    expect(isTooMuch(bound, delivered, sent, now)).toBe(false);
    expect(isTooMuch(bound + 1, delivered, sent, now)).toBe(true);
  });

  it('leaves room for every datagram to come four times, in whatever sizes', () => {
    for (const size of [1, 20, 1000]) {
      const pieces = 100_000;
      const received = 4 * pieces * (size + 60);
      expect(isTooMuch(received, { bytes: pieces * size, pieces, unread: 0 })).toBe(false);
    }
  });

  it('may be a mebibyte more of what is known to be the peer’s, once it seemed too much', () => {
    const budget = new JunkBudget(CREDIT, 0);
    budget.received(100 * CREDIT);
    budget.isOverspent(NOTHING, 0, 0);
    budget.received(2 ** 20);
    expect(budget.isOverspent(NOTHING, 0, 0)).toBe(false);
    budget.received(1);
    expect(budget.isOverspent(NOTHING, 0, 0)).toBe(true);
  });

  it('is looked at after 64 KB each', () => {
    const budget = new JunkBudget(CREDIT, 0);
    budget.received(65_535);
    expect(budget.isDue).toBe(false);
    budget.received(1);
    expect(budget.isDue).toBe(true);
    budget.isOverspent(NOTHING, 0, 0);
    expect(budget.isDue).toBe(false);
  });
});
