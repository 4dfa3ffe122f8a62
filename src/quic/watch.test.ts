import { expect, it } from 'vitest';
import type { QuicOptions } from './options.ts';
import { Watch } from './watch.ts';

const options = {
  streamReceiveWindow: 100_000,
  receiveWindow: undefined,
  initialWindow: 500_000,
  congestionAlgorithm: 'Cubic',
} as QuicOptions;
const UNIT = 50_000;
const streams = { delivered: () => ({ bytes: 0, pieces: 0, unread: 0 }) };

const breachAt = (congestionWindow: number, sentPackets: number) =>
  new Watch(options, 0).breach(streams, { congestionWindow, sentPackets, sentBytes: 0 }, 0);

it('accuses a peer whose acknowledgments lead to a window that the packets sent cannot have led to', () => {
  const packets = 10_000;
  expect(breachAt(UNIT * (packets + 10), packets)).toBeUndefined();
  expect(breachAt(UNIT * (packets + 10) + 1, packets)?.reason).toBe('acknowledgments');
});

it('suspects nobody of a window that fast links need', () => {
  expect(breachAt(2 ** 28, 0)).toBeUndefined();
  expect(breachAt(2 ** 28 + 1, 0)?.reason).toBe('acknowledgments');
});

it('accuses a peer that sends too much of no use', () => {
  const watch = new Watch(options, 0);
  const output = { congestionWindow: 0, sentPackets: 0, sentBytes: 0 };
  watch.received(Buffer.alloc(2 ** 20 + 100_001));
  expect(watch.breach(streams, output, 0)).toBeUndefined();
  expect(watch.isStrict).toBe(true);
  watch.received(Buffer.alloc(2 ** 20 + 1));
  expect(watch.breach(streams, output, 0)?.reason).toBe('junk');
});
