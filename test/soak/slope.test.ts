import { describe, expect, it } from 'vitest';
import { slope } from './slope.ts';

describe('the slope of samples', () => {
  it('is that of the line which they are on', () => {
    const samples = [3, 1, 7, 4].map((at) => ({ at, value: 100 - 2 * at }));
    expect(slope(samples)).toBeCloseTo(-2);
  });

  it('is nothing for what goes up and down about the same', () => {
    expect(slope([5, 9, 9, 5].map((value, at) => ({ at, value })))).toBeCloseTo(0);
  });

  it('is nothing for one sample', () => {
    expect(slope([{ at: 1, value: 1 }])).toBe(0);
  });
});
