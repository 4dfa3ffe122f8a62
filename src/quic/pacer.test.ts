import { describe, expect, it } from 'vitest';
import type { CongestionAlgorithm } from './options.ts';
import { Pacer, type PathState } from './pacer.ts';

const SIZE = 1350;

interface Setting {
  readonly congestionAlgorithm?: CongestionAlgorithm;
  readonly initialRtt?: number;
  readonly initialWindow?: number;
  readonly maxEgressRate?: number;
}

function pacer(setting: Setting = {}): Pacer {
  const defaults = { congestionAlgorithm: 'Bbr', initialRtt: 100, initialWindow: 100_000 } as const;
  return new Pacer({ maxEgressRate: undefined, ...defaults, ...setting }, SIZE, 0);
}

const path = (state: Partial<PathState>): PathState => ({
  rtt: 100,
  cwnd: 1e6,
  deliveryRate: 0,
  ...state,
});

/** Ships all that the pacer lets through from `from` to `to` ms, looking once a millisecond; returns the bytes. */
function ship(pacer: Pacer, from: number, to: number, measure?: (now: number) => PathState): number {
  let bytes = 0;
  for (let now = from; now < to; now++) {
    if (measure !== undefined) pacer.update(measure(now), now);
    for (; pacer.mayShip(now, 0); bytes += SIZE) pacer.shipped(SIZE);
  }
  return bytes;
}

describe('the bucket', () => {
  it('lets ten datagrams through at once, and then the rate', () => {
    const bucket = pacer();
    expect(ship(bucket, 0, 1)).toBe(10 * SIZE);
    expect(ship(bucket, 1, 1001)).toBeGreaterThan(999_000 - SIZE);
    expect(ship(bucket, 1001, 2001)).toBeLessThan(1_000_000 + SIZE);
  });

  it('holds two milliseconds of a high rate', () => {
    const bucket = pacer({ initialWindow: 2_000_000, initialRtt: 20 });
    expect(ship(bucket, 0, 1)).toBeGreaterThanOrEqual(200_000);
    expect(ship(bucket, 1000, 1001)).toBeLessThanOrEqual(200_000 + SIZE);
  });

  it('says when the next datagram may leave', () => {
    const bucket = pacer();
    expect(bucket.nextShipment(0)).toBe(0);
    ship(bucket, 0, 1);
    bucket.shipped(10_000);
    const next = bucket.nextShipment(0);
    expect(next).toBeGreaterThanOrEqual(10);
    expect(bucket.mayShip(next - 1, 0)).toBe(false);
    expect(bucket.mayShip(next + 0.1, 0)).toBe(true);
  });

  it('gives new data whole datagrams, and none once it is empty', () => {
    const bucket = pacer();
    expect(bucket.room(0)).toBe(10 * SIZE);
    bucket.shipped(9.5 * SIZE);
    expect(bucket.room(0)).toBe(SIZE);
    bucket.shipped(SIZE);
    expect(bucket.room(0)).toBe(0);
  });

  it('may be overdrawn by as much as is asked', () => {
    const bucket = pacer();
    bucket.shipped(11 * SIZE);
    expect(bucket.mayShip(0, 0)).toBe(false);
    expect(bucket.mayShip(0, SIZE)).toBe(false);
    expect(bucket.mayShip(0, 2 * SIZE)).toBe(true);
  });
});

describe('the rate', () => {
  it('of Bbr is never under what the configuration promises of the link', () => {
    const slow = pacer();
    slow.update(path({ deliveryRate: 1000 }), 10);
    expect(slow.rate).toBe(1_000_000);
  });

  it('of Bbr is the best delivery rate of the last ten rounds in which something waited', () => {
    const bbr = pacer();
    ship(bbr, 0, 200, () => path({ deliveryRate: 4_000_000 }));
    expect(bbr.rate).toBeGreaterThanOrEqual(0.95 * 4_000_000);
    ship(bbr, 200, 1000, () => path({ deliveryRate: 2_000_000 }));
    expect(bbr.rate).toBeGreaterThanOrEqual(0.95 * 4_000_000);
    ship(bbr, 1000, 2000, () => path({ deliveryRate: 2_000_000 }));
    expect(bbr.rate).toBeLessThanOrEqual(2_200_000);
  });

  it('of Bbr is not forgotten while only the application keeps it low', () => {
    const bbr = pacer();
    ship(bbr, 0, 200, () => path({ deliveryRate: 4_000_000 }));
    for (let now = 200; now < 10_000; now++) {
      bbr.mayShip(now, 0);
      bbr.update(path({ deliveryRate: 5000 }), now);
    }
    expect(bbr.rate).toBeGreaterThanOrEqual(0.95 * 4_000_000);
  });

  it('of Bbr is higher for a while when the window has kept back what the link is promised to bear', () => {
    const bbr = pacer();
    // 1000 bytes/ms are promised, which takes that much for each millisecond of the round trip, and for those of timers.
    bbr.windowFull(0);
    bbr.update(path({ cwnd: 104_999 }), 1);
    expect(bbr.rate).toBe(1_500_000);
    bbr.update(path({ cwnd: 105_000 }), 2);
    expect(bbr.rate).toBe(1_000_000);
    bbr.update(path({ cwnd: 50_000 }), 201);
    expect(bbr.rate).toBe(1_000_000);
  });

  it.each<CongestionAlgorithm>(['Cubic', 'NewReno'])(
    'of %s is window / smoothed round-trip time',
    (algorithm) => {
      const lossBased = pacer({ congestionAlgorithm: algorithm });
      lossBased.update(path({ cwnd: 60_000, rtt: 100 }), 1);
      expect(lossBased.rate).toBe(600_000);
      lossBased.update(path({ cwnd: 60_000, rtt: 150 }), 2);
      expect(lossBased.rate).toBe(400_000);
    },
  );

  it('of a loss-based algorithm doubles in a round trip, and never counts on a window that nothing made use of', () => {
    const cubic = pacer({ congestionAlgorithm: 'Cubic' });
    const wide = () => path({ cwnd: 1e9 });
    expect(ship(cubic, 0, 100, wide)).toBeLessThan(120_000);
    expect(ship(cubic, 100, 200, wide)).toBeLessThan(240_000);
    expect(cubic.rate).toBeGreaterThan(1_500_000);
    for (let now = 200; now < 30_000; now++) cubic.update(wide(), now);
    expect(cubic.rate).toBe(1_000_000);
  });

  it('of None is what the configuration says, less on a longer path', () => {
    const none = pacer({ congestionAlgorithm: 'None' });
    none.update(path({ cwnd: 1e9, rtt: 50 }), 1);
    expect(none.rate).toBe(1_000_000);
    none.update(path({ cwnd: 1e9, rtt: 200 }), 2);
    expect(none.rate).toBe(500_000);
    none.update(path({ cwnd: 50_000, rtt: 100 }), 3);
    expect(none.rate).toBe(500_000);
  });

  it.each<CongestionAlgorithm>(['Bbr', 'Cubic', 'NewReno', 'None'])(
    'of %s is finite and not zero before and after the first measurement of a path under a millisecond',
    (algorithm) => {
      const local = pacer({ congestionAlgorithm: algorithm });
      expect(local.rate).toBe(1_000_000);
      local.update(path({ rtt: 0 }), 1);
      expect(local.rate).toBeGreaterThan(0);
      expect(Number.isFinite(local.rate)).toBe(true);
    },
  );

  it.each<CongestionAlgorithm>(['Bbr', 'Cubic', 'NewReno', 'None'])(
    'of %s is capped by max_egress_rate',
    (algorithm) => {
      const capped = pacer({ congestionAlgorithm: algorithm, maxEgressRate: 500_000 });
      expect(capped.rate).toBe(500_000);
      capped.update(path({ deliveryRate: 9e6, cwnd: 1e9 }), 1);
      expect(capped.rate).toBe(500_000);
    },
  );
});

it('None keeps sending when the engine takes round trips for longer and longer', () => {
  const none = pacer({ congestionAlgorithm: 'None', initialWindow: 562_500, initialRtt: 150 });
  none.update(path({ rtt: 150, cwnd: 150_000 }), 1);
  none.update(path({ rtt: 11_000, cwnd: 150_000 }), 2);
  expect(none.rate).toBe(500_000);
});

describe('the search of Bbr for an unknown rate', () => {
  const UNTUNED = { initialWindow: 14_720, initialRtt: 333 };

  /** A path that delivers what it is sent, up to `limit` bytes a second; measured once a millisecond. */
  function discover(bbr: Pacer, limit: number, from: number, to: number): number {
    return ship(bbr, from, to, () => path({ rtt: 20, deliveryRate: Math.min(limit, bbr.rate) }));
  }

  it('doubles until the path brings no more', () => {
    const bbr = pacer(UNTUNED);
    expect(bbr.rate).toBeLessThan(50_000);
    discover(bbr, 3_750_000, 0, 500);
    // What is believed of it: the best of many samples is better than the path.
    expect(bbr.rate).toBeGreaterThanOrEqual(0.95 * 3_750_000);
  });

  it('ends, and then tries a quarter more in one round of eight', () => {
    const bbr = pacer(UNTUNED);
    discover(bbr, 3_750_000, 0, 1000);
    const rates = new Set<number>();
    for (let now = 1000; now < 1400; now += 10) {
      discover(bbr, 3_750_000, now, now + 10);
      rates.add(Math.round(bbr.rate / 1000));
    }
    expect([...rates].sort()).toEqual([3563, 4453]);
  });

  it('begins again when a probe brings more: the path is better than it was', () => {
    const bbr = pacer(UNTUNED);
    discover(bbr, 300_000, 0, 3000);
    expect(bbr.rate).toBeLessThan(500_000);
    discover(bbr, 3_750_000, 3000, 3700);
    expect(bbr.rate).toBeGreaterThanOrEqual(0.95 * 3_750_000);
  });

  it('is not done where the configuration knows the link', () => {
    const bbr = pacer({ initialWindow: 562_500, initialRtt: 150 });
    bbr.update(path({ rtt: 150, deliveryRate: 100_000 }), 1);
    expect(bbr.rate).toBe(3_750_000);
  });
});

describe('a standing queue', () => {
  const TUNED = { initialWindow: 562_500, initialRtt: 150 };
  const UNKNOWN = { initialWindow: 14_720, initialRtt: 150 };
  /** From here on round-trip times are to be relied on. */
  const SETTLED = 3000;

  it('is drained by a tenth less while round trips are longer than the least ones', () => {
    const bbr = pacer(TUNED);
    ship(bbr, 0, SETTLED + 1, () => path({ rtt: 150 }));
    const rates = [150, 155, 156, 200, 155, 150].map((rtt, now) => {
      bbr.update(path({ rtt }), SETTLED + now);
      return Math.round(bbr.rate / 1000);
    });
    expect(rates).toEqual([3750, 3750, 3375, 3375, 3750, 3750]);
  });

  it.each([
    ['is drained for as long as it stands where the link is known', TUNED, true],
    ['is drained for some rounds where it is not: longer ones are of another path', UNKNOWN, false],
  ])('%s', (_, setting, forLong) => {
    const bbr = pacer(setting);
    ship(bbr, 0, SETTLED + 1, () => path({ rtt: 150, deliveryRate: 3_750_000 }));
    const rate = 0.95 * 3_750_000;
    const drainsAt = (now: number) => {
      bbr.update(path({ rtt: 200 }), SETTLED + now);
      return bbr.rate < rate;
    };
    ship(bbr, SETTLED, SETTLED + 2);
    expect(drainsAt(2)).toBe(true);
    const longRound = (): PathState => path({ rtt: 200, deliveryRate: 3_750_000 });
    ship(bbr, SETTLED + 3, SETTLED + 1599, longRound);
    expect(drainsAt(1599)).toBe(true);
    ship(bbr, SETTLED + 1600, SETTLED + 1700, longRound);
    expect(drainsAt(1700)).toBe(forLong);
  });

  it('is not taken for one where a short path is some milliseconds late', () => {
    const bbr = pacer({ initialWindow: 80_000, initialRtt: 4 });
    ship(bbr, 0, SETTLED + 1, () => path({ rtt: 4 }));
    const rates = [4, 9, 10].map((rtt, now) => {
      bbr.update(path({ rtt }), SETTLED + 1 + now);
      return Math.round(bbr.rate / 1000);
    });
    expect(rates).toEqual([20_000, 20_000, 18_000]);
  });

  it('is not looked for where less was sent than the link bears: an end had to wake up', () => {
    const bbr = pacer(TUNED);
    ship(bbr, 0, SETTLED + 1, () => path({ rtt: 150 }));
    const long = (): PathState => path({ rtt: 170 });
    ship(bbr, SETTLED + 300, SETTLED + 440, long);
    expect(bbr.rate).toBe(3_750_000);
    ship(bbr, SETTLED + 440, SETTLED + 620, long);
    expect(bbr.rate).toBe(3_375_000);
  });

  it('is taken as a sign that the link does not bear more than it promises after all', () => {
    const bbr = pacer(TUNED);
    ship(bbr, 0, SETTLED + 1, () => path({ rtt: 150, deliveryRate: 5_000_000 }));
    expect(bbr.rate).toBeGreaterThanOrEqual(0.95 * 5_000_000);
    bbr.update(path({ rtt: 160, deliveryRate: 3_750_000 }), SETTLED + 2);
    expect(bbr.rate).toBeCloseTo(0.9 * 3_750_000);
    bbr.update(path({ rtt: 150, deliveryRate: 3_750_000 }), SETTLED + 3);
    expect(bbr.rate).toBe(3_750_000);
  });

  it('leaves samples in doubt that exceed by far what was sent', () => {
    const bbr = pacer(TUNED);
    bbr.update(path({ rtt: 150, deliveryRate: 9_000_000 }), 1);
    expect(bbr.rate).toBeLessThanOrEqual(1.125 * 3_750_000);
  });

  it('is not looked for while the connection is young', () => {
    const bbr = pacer(TUNED);
    bbr.update(path({ rtt: 150 }), 0);
    ship(bbr, 0, SETTLED + 100, () => path({ rtt: 300 }));
    expect(bbr.rate).toBe(3_750_000);
    ship(bbr, SETTLED + 100, 10_001, () => path({ rtt: 300 }));
    expect(bbr.rate).toBe(3_375_000);
  });
});
