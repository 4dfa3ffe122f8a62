import { describe, expect, it } from 'vitest';
import { directTcpTime, shortestTime } from './direct-tcp.ts';

const LINK = { rtt: 150, rate: 30 }; // 3750 bytes a millisecond

describe('directTcpTime', () => {
  it('is two round trips for what fits into the first window', () => {
    expect(directTcpTime(0, LINK)).toBe(300);
    expect(directTcpTime(14_600, LINK)).toBeCloseTo(300 + 14_600 / 3750);
  });

  it('adds a round trip for each window that was not enough', () => {
    expect(directTcpTime(14_601, LINK)).toBeCloseTo(450, 1);
    // 14,600 + 29,200 + 58,400 + 116,800 + 233,600 = 452,600 in five round trips, then 34,900 bytes.
    expect(directTcpTime(487_500, LINK)).toBeCloseTo(300 + 5 * 150 + 34_900 / 3750);
  });

  it('is bound by the rate once the window keeps the link busy', () => {
    const rounds = 6; // windows of 14,600 to 467,200; the next one is above 562,500
    const left = 10_000_000 - 14_600 * (2 ** rounds - 1);
    expect(directTcpTime(10_000_000, LINK)).toBeCloseTo(300 + rounds * 150 + left / 3750);
  });

  it('is the bytes alone on a link without delay', () => {
    expect(directTcpTime(375_000, { rtt: 0, rate: 30 })).toBeCloseTo(100);
  });
});

describe('shortestTime', () => {
  it("is one round trip and the bytes' own time", () => {
    expect(shortestTime(487_500, LINK)).toBe(280);
  });
});
