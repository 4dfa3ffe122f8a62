import { describe, expect, it } from 'vitest';
import { differential } from './differential.ts';
import { minimise } from './minimise.ts';

describe('what a sender means', () => {
  // The full length is `npm run differential`.
  it('is what the origin sees, in 1,500 generated requests', async () => {
    const { requests, findings } = await differential({ count: 1500, seed: 20_260_101 });
    expect(requests).toBeGreaterThanOrEqual(1500);
    expect(findings).toEqual([]);
  }, 60_000);

  it('is not what the origin sees without the pair, and that is found', async () => {
    const options = { count: 100, seed: 1, bypass: true, patience: 1000, minimised: 0 };
    const { findings } = await differential(options);
    expect(new Set(findings.map(({ kind }) => kind))).toContain('fields');
  });
});

describe('minimising', () => {
  it('keeps what matters and nothing else', async () => {
    const holds = async (text: string) => text.includes('a') && text.includes('b');
    expect(await minimise('xxaxxxxbxx', holds)).toBe('ab');
  });

  it('stops after so many tries', async () => {
    let calls = 0;
    const holds = async () => {
      calls++;
      return false;
    };
    expect(await minimise('x'.repeat(100), holds, 10)).toHaveLength(100);
    expect(calls).toBe(10);
  });
});
