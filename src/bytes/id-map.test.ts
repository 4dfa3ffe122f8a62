import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { IdMap } from './id-map.ts';

/** Near to one another, far apart, and such as meet in one slot; also beyond 32 bits. */
const ids = fc.oneof(
  fc.nat(200),
  fc.nat(40).map((step) => step * 64),
  fc.nat(9).map((step) => 2 ** 40 + 4 * step),
);
const steps = fc.array(fc.tuple(fc.constantFrom('set', 'set', 'delete', 'clear'), ids), {
  maxLength: 400,
  size: 'max',
});

describe('a map from identifiers', () => {
  it('holds what a Map would, whatever comes and goes', () => {
    const sizes = new Set<number>();
    fc.assert(
      fc.property(steps, (list) => {
        const map = new IdMap<number>();
        const model = new Map<number, number>();
        for (const [at, [kind, id]] of list.entries()) {
          if (kind === 'set') {
            map.set(id, at);
            model.set(id, at);
          } else if (kind === 'delete') {
            expect(map.delete(id)).toBe(model.delete(id));
          } else if (at % 50 === 0) {
            map.clear();
            model.clear();
          }
          expect([map.size, map.has(id), map.get(id)]).toEqual([model.size, model.has(id), model.get(id)]);
        }
        sizes.add(map.size);
        expect([...map.keys()].sort((a, b) => a - b)).toEqual([...model.keys()].sort((a, b) => a - b));
        expect([...map.values()].sort((a, b) => a - b)).toEqual([...model.values()].sort((a, b) => a - b));
      }),
    );
    // Or it would have tried nothing but small ones.
    expect(Math.max(...sizes)).toBeGreaterThan(32);
  });

  it('finds each of ten thousand, and the one that is left of them', () => {
    const map = new IdMap<string>();
    for (let id = 0; id < 40_000; id += 4) map.set(id, `${id}`);
    expect([map.size, map.get(39_996), map.get(40_000)]).toEqual([10_000, '39996', undefined]);
    for (let id = 0; id < 39_996; id += 4) map.delete(id);
    expect([map.size, [...map.values()]]).toEqual([1, ['39996']]);
  });

  it('may change while it is gone through', () => {
    const map = new IdMap<number>();
    for (let id = 0; id < 400; id += 4) map.set(id, id);
    for (const id of map.values()) {
      map.delete(id);
      map.set(id + 1000, id + 1000);
      if (map.size > 100) expect.unreachable('it grew');
    }
    expect(map.size).toBe(100);
  });
});
