import { Registry } from 'prom-client';
import { describe, expect, it } from 'vitest';
import { DurationHistogram, ShownHistogram } from './histogram.ts';

const of = (...durations: readonly number[]): DurationHistogram => {
  const histogram = new DurationHistogram();
  for (const duration of durations) histogram.observe(duration);
  return histogram;
};

describe('a histogram of durations', () => {
  it('counts what is just at a bound under it, as Prometheus does', async () => {
    const registry = new Registry();
    new ShownHistogram('x_seconds', 'Something.', of(1, 1.1, 60_000, 60_001), registry);
    const text = await registry.metrics();
    expect(text).toContain('# TYPE x_seconds histogram\n');
    expect(text).toContain('x_seconds_bucket{le="0.001"} 1\n');
    expect(text).toContain('x_seconds_bucket{le="0.0025"} 2\n');
    expect(text).toContain('x_seconds_bucket{le="60"} 3\n');
    expect(text).toContain('x_seconds_bucket{le="+Inf"} 4\n');
    expect(text).toContain('x_seconds_count 4\n');
    expect(text).toMatch(/^x_seconds_sum 120\.003/m);
  });

  it('gives the bound under which a share of them lies', () => {
    const histogram = of(...new Array(98).fill(4), 90, 70_000);
    expect(histogram.bound(0.5)).toBe(0.005);
    expect(histogram.bound(0.99)).toBe(0.1);
    expect(histogram.bound(1)).toBeUndefined();
    expect(of().bound(0.5)).toBeUndefined();
  });
});
