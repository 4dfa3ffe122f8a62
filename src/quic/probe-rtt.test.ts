import { describe, expect, it } from 'vitest';
import { ProbeRtt } from './probe-rtt.ts';

const UNIT = 1000;
const FULL = 10 * UNIT;
const SMALL = 4 * UNIT;
const RTT = 150;

describe('ProbeRtt', () => {
  it('asks so that the answer comes when the 200 ms are over', () => {
    const probe = new ProbeRtt(UNIT);
    probe.observe(FULL, RTT, 0);
    expect(probe.due).toBe(Number.POSITIVE_INFINITY);
    probe.observe(SMALL, RTT, 1000);
    probe.observe(SMALL, RTT, 1020);
    expect(probe.due).toBe(1055);
    expect(probe.asks(RTT, 1054)).toBe(false);
    expect(probe.asks(RTT, 1055)).toBe(true);
  });

  it('asks at once where the round trip lasts longer', () => {
    const probe = new ProbeRtt(UNIT);
    probe.observe(SMALL, 900, 1000);
    expect(probe.asks(900, 1000)).toBe(true);
  });

  it('asks four times at most, a round trip apart, and anew the next time', () => {
    const probe = new ProbeRtt(UNIT);
    for (let time = 0; time < 2; time++) {
      probe.observe(SMALL, RTT, 0);
      const asked: number[] = [];
      for (let now = 0; now < 10_000; now++) if (probe.asks(RTT, now)) asked.push(now);
      expect(asked).toEqual([55, 410, 765, 1120]);
      probe.observe(FULL, RTT, 10_000);
    }
  });

  it('rests when the window is large again', () => {
    const probe = new ProbeRtt(UNIT);
    probe.observe(SMALL, RTT, 0);
    probe.observe(FULL, RTT, 10);
    expect(probe.due).toBe(Number.POSITIVE_INFINITY);
    expect(probe.asks(RTT, 1000)).toBe(false);
  });

  it('rests with other algorithms', () => {
    const probe = new ProbeRtt(0);
    probe.observe(2700, RTT, 0);
    expect(probe.due).toBe(Number.POSITIVE_INFINITY);
  });
});
