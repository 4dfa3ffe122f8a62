import { describe, expect, it } from 'vitest';
import { EncoderTable } from './encoder-table.ts';

/** A table for two entries of 40 bytes, all of which the decoder has. */
function tableOfTwo(): EncoderTable {
  const table = new EncoderTable();
  table.setCapacity(80, 0);
  return table;
}

const line = (name: string, value: string) => [name.padEnd(4), value.padEnd(4)] as const;

describe('encoder table', () => {
  it('finds the newest entry with a name and value, and the newest with a name', () => {
    const table = tableOfTwo();
    const first = table.insert(...line('a', '1'));
    const second = table.insert(...line('a', '2'));
    expect(table.find(...line('a', '1'))).toBe(first);
    expect(table.findName('a   ')).toBe(second);
    expect(table.relativeIndex(first)).toBe(1);
  });

  it('does not find what was evicted', () => {
    const table = tableOfTwo();
    const first = table.insert(...line('a', '1'));
    table.insert(...line('b', '1'));
    table.insert(...line('b', '2'));
    expect(table.find(...line('a', '1'))).toBeUndefined();
    expect(table.findName('a   ')).toBeUndefined();
    expect(table.holds(first)).toBe(false);
  });

  it('finds the duplicate of what was evicted', () => {
    const table = tableOfTwo();
    const original = table.insert(...line('a', '1'));
    const duplicate = table.insert(...line('a', '1'), original);
    table.insert(...line('a', '2'));
    expect(table.holds(original)).toBe(false);
    expect(table.find(...line('a', '1'))).toBe(duplicate);
  });

  it('forgets the value of an evicted entry whose name lives on', () => {
    const table = tableOfTwo();
    for (const value of ['1', '2', '3']) table.insert(...line('a', value));
    expect(table.find(...line('a', '1'))).toBeUndefined();
    expect(table.find(...line('a', '3'))).toBe(table.findName('a   '));
  });

  it('keeps no chain of evicted originals', () => {
    const table = tableOfTwo();
    const first = table.insert(...line('a', '1'));
    const second = table.insert(...line('a', '1'), first);
    const third = table.insert(...line('a', '1'), second);
    table.insert(...line('b', '1'));
    expect(third.original).toBe(second);
    expect(second.original).toBeUndefined();
  });
});
