import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { renderReference } from './reference.ts';
import { SCHEMA, SECTION_NAMES } from './schema.ts';

describe('the reference', () => {
  it('is not stale: npm run docs writes it', () => {
    const file = new URL('../../docs/configuration.md', import.meta.url);
    expect(readFileSync(file, 'utf8')).toBe(renderReference());
  });

  it('describes each key', () => {
    const headings = [...renderReference().matchAll(/^### (\w+)$/gm)].map((match) => match[1]);
    expect(headings).toEqual(SECTION_NAMES.flatMap((section) => Object.keys(SCHEMA[section])));
  });

  it('gives what is allowed and the default with its unit', () => {
    expect(renderReference()).toContain('Allowed: an integer from 1 to 60000 (ms). Default: `333` ms.');
  });
});
