import { describe, expect, it } from 'vitest';
import { type CongestionAlgorithm, enginePaces, primingBytes, windowUnit } from './options.ts';

const ALL: readonly CongestionAlgorithm[] = ['Bbr', 'Cubic', 'NewReno', 'None'];

describe('the unit of the congestion window', () => {
  it.each(ALL.filter((algorithm) => algorithm !== 'None'))(
    'of %s is a tenth of initial_window',
    (algorithm) => {
      for (const initialWindow of [12_000, 14_720, 562_500, 655_270]) {
        expect(windowUnit({ congestionAlgorithm: algorithm, initialWindow })).toBe(initialWindow / 10);
      }
      expect(windowUnit({ congestionAlgorithm: algorithm, initialWindow: 12_349 })).toBe(1234);
    },
  );

  it('of None is half of it, so that the window never falls under it, up to what the engine can', () => {
    const unit = (initialWindow: number): number =>
      windowUnit({ congestionAlgorithm: 'None', initialWindow });
    expect(unit(14_720)).toBe(7360);
    expect(unit(131_054)).toBe(65_527);
    expect(unit(655_270)).toBe(65_527);
  });
});

it('lets the engine pace all algorithms but Bbr', () => {
  expect(ALL.filter(enginePaces)).toEqual(['Cubic', 'NewReno', 'None']);
});

it('primes with half a window, with less where the rate is known sooner, and the others with a whole one', () => {
  const bytes = (congestionAlgorithm: CongestionAlgorithm, initialRtt: number, maxEgressRate?: number) =>
    primingBytes({ congestionAlgorithm, initialRtt, initialWindow: 562_500, maxEgressRate });
  expect([bytes('Bbr', 1000), bytes('Bbr', 10)]).toEqual([281_250, 16_000]);
  expect(bytes('Bbr', 100, 50_000)).toBe(5000);
  expect(ALL.slice(1).map((algorithm) => bytes(algorithm, 10))).toEqual([562_500, 562_500, 0]);
});
