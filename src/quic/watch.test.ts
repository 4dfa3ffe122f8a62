import { expect, it } from 'vitest';
import type { QuicOptions } from './options.ts';
import { Watch } from './watch.ts';

const options = { streamReceiveWindow: 100_000, receiveWindow: undefined } as QuicOptions;
const streams = { delivered: () => ({ bytes: 0, pieces: 0, unread: 0 }) };

it('accuses a peer whose acknowledgments lead to a window that cannot be', () => {
  const watch = new Watch(options, 0);
  const breachAt = (congestionWindow: number) => watch.breach(streams, { congestionWindow, sentBytes: 0 }, 0);
  expect(breachAt(2 ** 28)).toBeUndefined();
  expect(breachAt(2 ** 28 + 1)?.reason).toBe('acknowledgments');
});

it('accuses a peer that sends too much of no use', () => {
  const watch = new Watch(options, 0);
  watch.received(Buffer.alloc(2 ** 20 + 100_001));
  expect(watch.breach(streams, { congestionWindow: 0, sentBytes: 0 }, 0)?.reason).toBe('junk');
});
