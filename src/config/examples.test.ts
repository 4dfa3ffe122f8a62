import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import type { Table } from './key.ts';
import { resolveSource } from './load.ts';
import { type Config, SCHEMA, SECTION_NAMES } from './schema.ts';
import { parseSource } from './source.ts';

const read = (name: string): string =>
  readFileSync(new URL(`../../config/${name}`, import.meta.url), 'utf8').replaceAll(
    /"[a-z-]+\.pem"/g,
    JSON.stringify(import.meta.filename),
  );

const load = (text: string): Config => resolveSource(parseSource('example.toml', text), {}, false).config;

/** Values that have no default, and so are examples even when commented. */
const hasDefault = (section: string, name: string): boolean => {
  const tables: Readonly<Record<string, Table>> = SCHEMA;
  return tables[section]?.[name]?.default.kind !== 'unset';
};

const withDefaults = (config: Config): unknown =>
  Object.entries(config).map(([section, values]) =>
    Object.entries(values).filter(([name]) => hasDefault(section, name)),
  );

describe.each([
  ['client.toml', 'Client'],
  ['server.toml', 'Server'],
])('%s', (name, mode) => {
  const text = read(name);
  const uncommented = text.replaceAll(/^# (\w+ = )/gm, '$1');

  it('loads as it is', () => {
    expect(load(text).general.mode).toBe(mode);
  });

  it('shows the defaults in its comments', () => {
    expect(withDefaults(load(uncommented))).toEqual(withDefaults(load(text)));
  });

  it.each(SECTION_NAMES)('has every key of [%s], and no other', (section) => {
    const table: Table = SCHEMA[section];
    const expected = Object.keys(table).filter((key) => [undefined, mode].includes(table[key]?.mode));
    const { document } = parseSource(name, uncommented);
    expect(Object.keys(document[section] ?? {}).sort()).toEqual(expected.sort());
  });
});
