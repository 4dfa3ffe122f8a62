import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeRequiredInsertCount, encodeRequiredInsertCount, maxEntries } from './required-insert-count.ts';

describe('Required Insert Count (RFC 9204 §4.5.1.1)', () => {
  it('is 9 for the example of the RFC', () => {
    expect(maxEntries(100)).toBe(3);
    expect(encodeRequiredInsertCount(9, 3)).toBe(4);
    expect(decodeRequiredInsertCount(4, 3, 10)).toBe(9);
  });

  it('is understood by a decoder that is at most the table behind or ahead', () => {
    const cases = fc.integer({ min: 1, max: 600 }).chain((maximum) =>
      fc.record({
        maximum: fc.constant(maximum),
        required: fc.integer({ min: 1, max: 1_000_000 }),
        lead: fc.integer({ min: -maximum, max: maximum - 1 }),
      }),
    );
    fc.assert(
      fc.property(cases, ({ maximum, required, lead }) => {
        const insertCount = Math.max(0, required + lead);
        const encoded = encodeRequiredInsertCount(required, maximum);
        if (insertCount + maximum >= required) {
          expect(decodeRequiredInsertCount(encoded, maximum, insertCount)).toBe(required);
        }
      }),
    );
  });

  it('is 0 when encoded as 0', () => {
    expect(encodeRequiredInsertCount(0, 0)).toBe(0);
    expect(decodeRequiredInsertCount(0, 0, 0)).toBe(0);
  });

  it.each([
    ['without a table', 1, 0, 0],
    ['over twice the entries', 7, 3, 10],
    ['ahead of what the table can hold', 6, 3, 0],
    ['of 0 in disguise', 1, 3, 0],
  ])('is refused %s', (_what, encoded, maximum, insertCount) => {
    expect(decodeRequiredInsertCount(encoded, maximum, insertCount)).toBeUndefined();
  });
});
