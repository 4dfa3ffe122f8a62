import { expect, it } from 'vitest';
import { FloodBudget } from './flood-budget.ts';
import { noFloodCounts } from './flood-counters.ts';
import { FloodGuard } from './flood-guard.ts';
import { MAX_PADDING } from './limits.ts';
import { UnidirectionalStreams } from './unidirectional.ts';

/** A server's side of the peer's streams, and what it refused. */
function streams() {
  const refused: number[] = [];
  const handler = { onCriticalData: () => {}, onUnknownStream: (id: number) => refused.push(id) };
  const guard = new FloodGuard(new FloodBudget(() => 0, 10_000), noFloodCounts());
  return { refused, streams: new UnidirectionalStreams('server', guard, handler) };
}

it('throws away a stream of a reserved type, and refuses it when that is too much', () => {
  const { streams: peer, refused } = streams();
  peer.receive(2, Buffer.of(0x40), false);
  peer.receive(2, Buffer.of(0x5f, 1, 2), false);
  peer.receive(2, Buffer.alloc(MAX_PADDING - 2), false);
  peer.receive(2, Buffer.alloc(0), true);
  expect(refused).toEqual([]);
  peer.receive(6, Buffer.of(0x21, 0), false);
  expect(refused).toEqual([6]);
});

it('refuses a stream of a type that it does not know', () => {
  const { streams: peer, refused } = streams();
  peer.receive(2, Buffer.of(0x22, 1), false);
  expect(refused).toEqual([2]);
});
