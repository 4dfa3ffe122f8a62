import { expect, it } from 'vitest';
import { IdMap } from '../bytes/id-map.ts';
import { ReadingOrder } from './reading-order.ts';

function orderOf(ids: readonly number[]) {
  const map = new IdMap<{ id: number }>();
  const order = new ReadingOrder(map);
  for (const id of ids) {
    map.set(id, { id });
    order.opened(id);
  }
  return { map, read: () => [...order.streams()].map(({ id }) => id) };
}

const requests = (count: number): number[] => Array.from({ length: count }, (_, index) => 4 * index);

it('goes by the order of requests, and comes to the others behind them', () => {
  const { read } = orderOf([2, 8, 0, 3, 4, 7]);
  expect(read().slice(0, 3)).toEqual([0, 4, 8]);
  expect(read().sort((one, other) => one - other)).toEqual([0, 2, 3, 4, 7, 8]);
});

it('passes over what is gone, and goes on with what comes', () => {
  const { map, read } = orderOf(requests(100));
  for (const id of requests(90)) map.delete(id);
  expect(read()).toEqual(requests(100).slice(90));
  map.clear();
  expect(read()).toEqual([]);
});

it('gives each once, also one that is a thousand requests older than the others', () => {
  const { map, read } = orderOf(requests(1100));
  for (const id of requests(1100).slice(1, 1050)) map.delete(id);
  expect(read()).toEqual([...requests(1100).slice(1050), 0]);
});

it('stays with one that comes back later than younger ones were passed over', () => {
  const map = new IdMap<{ id: number }>();
  const order = new ReadingOrder(map);
  map.set(8, { id: 8 });
  order.opened(8);
  expect([...order.streams()]).toEqual([{ id: 8 }]);
  // A request that was opened before, and comes behind it: datagrams may change places.
  map.set(4, { id: 4 });
  order.opened(4);
  expect([...order.streams()]).toEqual([{ id: 8 }, { id: 4 }]);
});
