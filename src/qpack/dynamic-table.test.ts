import { describe, expect, it } from 'vitest';
import { DynamicTable, entrySize, type TableEntry } from './dynamic-table.ts';

// Of size 40 each.
const entry = (index: number): TableEntry => ({ name: 'name', value: String(index).padStart(4, '0') });

function tableOf(capacity: number, entries: number): DynamicTable<TableEntry> {
  const table = new DynamicTable<TableEntry>();
  table.setCapacity(capacity);
  for (let index = 0; index < entries; index++) table.insert(entry(index));
  return table;
}

describe('dynamic table (RFC 9204 §3.2)', () => {
  it('counts name, value and 32 bytes for an entry', () => {
    expect(entrySize('custom-key', 'custom-value')).toBe(54);
    expect(tableOf(1000, 3).size).toBe(120);
  });

  it('finds entries by absolute index, and nothing before or behind them', () => {
    const table = tableOf(120, 5);
    expect(table.at(1)).toBeUndefined();
    expect(table.at(2)).toEqual(entry(2));
    expect(table.at(4)).toEqual(entry(4));
    expect(table.at(5)).toBeUndefined();
    expect(table.at(-1)).toBeUndefined();
  });

  it('evicts the oldest entries to make room, and counts them', () => {
    const table = tableOf(100, 5);
    expect(table.size).toBe(80);
    expect(table.insertCount).toBe(5);
    expect(table.dropCount).toBe(3);
  });

  it('evicts what a smaller capacity has no room for, and can grow again', () => {
    const table = tableOf(1000, 5);
    table.setCapacity(100);
    expect(table.dropCount).toBe(3);
    table.setCapacity(0);
    expect(table.size).toBe(0);
    table.setCapacity(1000);
    table.insert(entry(5));
    expect(table.at(5)).toEqual(entry(5));
  });

  it('keeps every entry in its place when it outgrows its first size', () => {
    const table = tableOf(40 * 500, 700);
    for (let index = 200; index < 700; index++) expect(table.at(index)).toEqual(entry(index));
    expect(table.at(199)).toBeUndefined();
  });

  it('has nothing to evict when it is empty', () => {
    expect(() => tableOf(100, 0).evictOldest()).toThrow(RangeError);
  });
});
