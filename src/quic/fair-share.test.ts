import { describe, expect, it } from 'vitest';
import { FairShare } from './fair-share.ts';

describe('the share of a connection', () => {
  it('is two milliseconds at once, and then half of the time', () => {
    const share = new FairShare(0);
    expect(share.left(0)).toBe(2);
    share.spent(0, 2);
    expect(share.left(2)).toBe(0);
    expect(share.due).toBe(3);
    expect(share.left(3)).toBe(0.5);
    expect(share.left(4)).toBe(1);
    expect(share.left(1000)).toBe(2);
  });

  it('comes later after a piece that took long, but not for ever after the process stood still', () => {
    const share = new FairShare(0);
    share.spent(0, 10);
    expect(share.due).toBe(10 + 17);
    share.spent(10, 100_000);
    expect(share.due).toBe(100_000 + 41);
    expect(share.left(share.due)).toBeGreaterThan(0);
  });
});
