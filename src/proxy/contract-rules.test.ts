import { describe, expect, it } from 'vitest';
import { DEFAULTS, NOTHING_SAID } from './contract.fixture.ts';
import type { Contract } from './contract.ts';
import { findMismatches } from './contract-rules.ts';

const NOW = DEFAULTS.clock ?? 0;

const mismatches = (here: Partial<Contract>, there: Partial<Contract>, now = NOW): string[] =>
  findMismatches({ ...DEFAULTS, ...here }, { ...DEFAULTS, ...there }, now).map(({ message }) => message);

describe('what hurts between two ends', () => {
  it('is nothing when they are told the same', () => {
    expect(mismatches({}, {})).toEqual([]);
  });

  it('is nothing that one of them did not say', () => {
    expect(mismatches(NOTHING_SAID, {})).toEqual([]);
    expect(mismatches({}, NOTHING_SAID)).toEqual([]);
  });

  it.each<[string, Partial<Contract>, Partial<Contract>, string]>([
    [
      'a version that is older here',
      { version: '1.2.3' },
      { version: '1.10.0' },
      'ptproxy is 1.2.3 here and 1.10.0 at the peer: upgrade this end',
    ],
    [
      'a version that is older there',
      { version: '1.2.3' },
      { version: '1.2.2' },
      'ptproxy is 1.2.3 here and 1.2.2 at the peer: upgrade the peer',
    ],
    [
      'a round-trip time that one end was not told',
      { initialRtt: 150 },
      { initialRtt: 333 },
      "initial_rtt is 150 ms here and 333 ms at the peer: set it to the link's round-trip time at both ends",
    ],
    [
      'a window that one end was not told',
      { initialWindow: 562_500 },
      {},
      'initial_window is 562500 bytes here and 14720 bytes at the peer: set it at both ends to what the link carries in a round trip, each for what it sends',
    ],
    [
      'a window of ours over the credit there',
      {},
      { streamReceiveWindow: 14_719 },
      'initial_window of 14720 bytes here is over stream_receive_window of 14719 bytes at the peer, so that no single body fills it: raise stream_receive_window (or receive_window) at the peer',
    ],
    [
      'a window of theirs over the credit here',
      { streamReceiveWindow: 14_719 },
      {},
      'initial_window of 14720 bytes at the peer is over stream_receive_window of 14719 bytes here, so that no single body fills it: raise stream_receive_window (or receive_window) here',
    ],
    [
      'silence that the peer does not bear',
      { keepAliveInterval: 5000 },
      {},
      'keep_alive_interval of 5000 ms here is not under max_idle_timeout of 5000 ms at the peer: lower keep_alive_interval here or raise max_idle_timeout at the peer',
    ],
    [
      'silence that we do not bear',
      {},
      { keepAliveInterval: 6000, maxIdleTimeout: 60_000 },
      'keep_alive_interval of 6000 ms at the peer is not under max_idle_timeout of 5000 ms here: lower keep_alive_interval at the peer or raise max_idle_timeout here',
    ],
  ])('is %s', (_name, here, there, message) => {
    expect(mismatches(here, there)).toEqual([message]);
  });

  it('is a clock that is more than a minute off, whatever it is off by', () => {
    expect(mismatches({}, {}, NOW + 60_000)).toEqual([]);
    expect(mismatches({}, {}, NOW + 95_000)).toEqual([
      "the peer's clock is 95 s behind ours: set the one that is wrong, best by NTP at both ends",
    ]);
    const keys = [70_000, 80_000, -70_000].map(
      (difference) => findMismatches(DEFAULTS, DEFAULTS, NOW + difference)[0]?.key,
    );
    expect(keys).toEqual(['clock behind', 'clock behind', 'clock ahead of']);
  });

  it('is no difference that links may have between their directions', () => {
    expect(mismatches({ initialWindow: 40_000, initialRtt: 170 }, {})).toEqual([]);
  });
});
