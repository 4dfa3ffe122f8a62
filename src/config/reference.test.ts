import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Table } from './key.ts';
import { renderReference } from './reference.ts';
import { SCHEMA, SECTION_NAMES } from './schema.ts';

describe('the reference', () => {
  it('is not stale: npm run docs writes it', () => {
    const file = new URL('../../docs/configuration.md', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(renderReference());
  });

  it('has a row for each supported key, and none for the others', () => {
    const rows = [...renderReference().matchAll(/^\| `(\w+)`/gm)].map((match) => match[1]);
    const supported = SECTION_NAMES.flatMap((section) => {
      const table: Table = SCHEMA[section];
      return Object.keys(table).filter((name) => table[name]?.availability === 'supported');
    });
    expect(rows).toEqual(supported);
  });

  it('gives a default with its unit', () => {
    expect(renderReference()).toContain('| `initial_rtt` | integer | `333` ms | both |');
  });
});
