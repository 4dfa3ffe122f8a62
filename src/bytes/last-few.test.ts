import { describe, expect, it } from 'vitest';
import { LastFew } from './last-few.ts';

describe('what was made of the last few', () => {
  it('is found by a text that is equal', () => {
    const lastFew = new LastFew<string, number>();
    expect(lastFew.keep('one', 1)).toBe(1);
    expect(lastFew.find(['o', 'ne'].join(''))).toBe(1);
    expect(lastFew.find('two')).toBeUndefined();
  });

  it('is found by an object that is the same', () => {
    const lastFew = new LastFew<object, number>();
    const key = {};
    lastFew.keep(key, 1);
    expect(lastFew.find(key)).toBe(1);
    expect(lastFew.find({})).toBeUndefined();
  });

  it('is that of the last ones only', () => {
    const lastFew = new LastFew<number, string>();
    for (let key = 0; key < 20; key++) lastFew.keep(key, `made ${key}`);
    const found = Array.from({ length: 20 }, (_, key) => lastFew.find(key)).filter(
      (made) => made !== undefined,
    );
    expect(found).toEqual(Array.from({ length: 8 }, (_, at) => `made ${12 + at}`));
  });

  it('is told once when it comes again', () => {
    const again: number[] = [];
    const lastFew = new LastFew<string, number>((made) => again.push(made));
    lastFew.keep('one', 1);
    expect(again).toEqual([]);
    for (let at = 0; at < 3; at++) lastFew.find('one');
    lastFew.find('two');
    expect(again).toEqual([1]);
  });

  it('may be kept anew for the same key', () => {
    const lastFew = new LastFew<string, number>();
    lastFew.keep('one', 1);
    lastFew.keep('two', 3);
    lastFew.keep('one', 2);
    expect([lastFew.find('one'), lastFew.find('two')]).toEqual([2, 3]);
  });
});
