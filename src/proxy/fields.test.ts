import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { requestToHttp1, requestToHttp3, trailersToHttp1, trailersToHttp3 } from './fields.ts';

const HOP = { forwarded: undefined, requestId: 'id' };

const LIMITS = { maxHeaderSize: 32_768, maxHeaderCount: 200 };

const letters = 'abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_.!';
const name = fc
  .string({ unit: fc.constantFrom(...letters), minLength: 1, maxLength: 12 })
  .map((end) => `X-${end}`);
const value = fc
  .array(
    fc.integer({ min: 0x21, max: 0xff }).filter((byte) => byte !== 0x7f),
    { maxLength: 20 },
  )
  .map((bytes) => String.fromCharCode(...bytes));
const lines = fc.array(fc.tuple(name, value), { maxLength: 30 });

const request = (rawHeaders: string[]) => ({
  method: 'GET',
  target: '/',
  minorVersion: 1 as const,
  rawHeaders,
});

const lowerNames = (flat: readonly string[]) =>
  flat.map((part, at) => (at % 2 === 0 ? part.toLowerCase() : part));

describe('field lines', () => {
  it('of any name and value are the same on the other side, in their order', () => {
    fc.assert(
      fc.property(lines, (pairs) => {
        const { fields } = requestToHttp3(request(['host', 'a', ...pairs.flat()]), LIMITS, undefined);
        const headers = requestToHttp1(fields, 'none', HOP);
        const expected = ['Host', 'a', ...pairs.flat(), 'X-Request-Id', 'id'];
        expect(lowerNames(headers)).toEqual(lowerNames(expected));
      }),
    );
  });

  it('of trailers are the same on the other side, in their order', () => {
    fc.assert(
      fc.property(lines, (pairs) => {
        const trailers = trailersToHttp1(trailersToHttp3(pairs.flat(), LIMITS) ?? []);
        expect(lowerNames(trailers)).toEqual(lowerNames(pairs.flat()));
      }),
    );
  });

  it('of a cookie are joined, and an empty one leaves no white space behind', () => {
    const crumbs = ['cookie', 'a=b', 'cookie', '', 'cookie', 'c=d', 'cookie', ''];
    expect(requestToHttp1(crumbs, 'none', HOP).slice(2, 4)).toEqual(['Cookie', 'a=b; c=d']);
  });

  it('of ever new names do not fill the memory, and keep their case rules', () => {
    for (let at = 0; at < 5000; at++) {
      const { fields } = requestToHttp3(request(['host', 'a', `X-nEw-${at}`, '']), LIMITS, undefined);
      expect(fields.at(-2)).toBe(`x-new-${at}`);
      expect(requestToHttp1(fields, 'none', HOP).at(-4)).toBe(`X-New-${at}`);
    }
  });
});
