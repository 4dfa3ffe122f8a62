import { describe, expect, it } from 'vitest';
import { type CongestionAlgorithm, enginePaces, windowUnit } from './options.ts';

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
