import { describe, expect, it } from 'vitest';
import { NewestMap } from './newest-map.ts';

describe('a map of the newest entries', () => {
  it('forgets the entry that was set longest ago', () => {
    const map = new NewestMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.set('a', 3);
    map.set('c', 4);
    expect(['a', 'b', 'c'].map((key) => map.get(key))).toEqual([3, undefined, 4]);
  });

  it('does not take a look at an entry for setting it', () => {
    const map = new NewestMap<string, number>(2);
    map.set('a', 1);
    map.set('b', 2);
    map.get('a');
    map.set('c', 3);
    expect(map.get('a')).toBeUndefined();
  });
});
