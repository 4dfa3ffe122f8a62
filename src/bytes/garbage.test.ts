import { getHeapStatistics, setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';
import { beforeAll, expect, it } from 'vitest';
import { IdMap } from './id-map.ts';
import { Link, LinkedList } from './linked-list.ts';

let collectYoung: () => void;

beforeAll(() => {
  setFlagsFromString('--expose-gc');
  const collect = runInNewContext('gc') as (options: { readonly type: 'minor' }) => void;
  collectYoung = () => collect({ type: 'minor' });
});

/** Something of a kilobyte. */
class Weight extends Link {
  readonly content = new Array(100).fill(0);
}

/** Lets ten thousand come and go, 64 at a time, and gives by how much memory grew that only a search of the whole heap gives back. */
function growth(
  add: (weight: Weight, id: number) => void,
  remove: (weight: Weight, id: number) => void,
): number {
  const present = new Array<Weight | undefined>(64).fill(undefined);
  let before = 0;
  // What exists already is old, as in a session that stood idle.
  collectYoung();
  collectYoung();
  for (let id = 0; id < 10_000; id++) {
    const oldest = present[id % 64];
    if (oldest !== undefined) remove(oldest, id - 64);
    const weight = new Weight();
    add(weight, id);
    present[id % 64] = weight;
    if (id % 100 === 0) collectYoung();
    if (id === 1000) before = getHeapStatistics().used_heap_size;
  }
  return getHeapStatistics().used_heap_size - before;
}

// Of 8 MB. A Set or a Map keeps nearly all of it.
const LITTLE = 2 ** 20;

it('what has left a linked list is garbage of the cheap kind', () => {
  const list = new LinkedList<Weight>();
  expect(
    growth(
      (weight) => list.add(weight),
      (weight) => list.delete(weight),
    ),
  ).toBeLessThan(LITTLE);
});

it('what was deleted from a map of identifiers is garbage of the cheap kind', () => {
  const map = new IdMap<Weight>();
  expect(
    growth(
      (weight, id) => map.set(4 * id, weight),
      (_, id) => map.delete(4 * id),
    ),
  ).toBeLessThan(LITTLE);
});
