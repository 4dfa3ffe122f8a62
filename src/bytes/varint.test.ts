import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_VARINT, readVarint, varintLength, varintLengthFrom, writeVarint } from './varint.ts';

const hex = (text: string) => Buffer.from(text, 'hex');

function write(value: number): Buffer {
  const target = Buffer.alloc(varintLength(value));
  expect(writeVarint(target, 0, value)).toBe(target.length);
  return target;
}

describe('variable-length integers (RFC 9000 §16)', () => {
  // RFC 9000 appendix A.1; the first is over 2^53 and therefore rounded.
  it.each([
    ['c2197c5eff14e88c', Number(151_288_809_941_952_652n)],
    ['9d7f3e7d', 494_878_333],
    ['7bbd', 15_293],
    ['25', 37],
    ['4025', 37],
  ])('reads %s as %i', (code, value) => {
    expect(varintLengthFrom(hex(code)[0] as number)).toBe(code.length / 2);
    expect(readVarint(hex(code), 0)).toBe(value);
  });

  it.each([
    [494_878_333, '9d7f3e7d'],
    [15_293, '7bbd'],
    [37, '25'],
  ])('writes %i as %s', (value, code) => {
    expect(write(value).toString('hex')).toBe(code);
  });

  it.each([
    [0, '00'],
    [63, '3f'],
    [64, '4040'],
    [16_383, '7fff'],
    [16_384, '80004000'],
    [1_073_741_823, 'bfffffff'],
    [1_073_741_824, 'c000000040000000'],
    [MAX_VARINT, 'c01fffffffffffff'],
  ])('writes %i, at the edge of a length, as %s', (value, code) => {
    expect(write(value).toString('hex')).toBe(code);
    expect(readVarint(hex(code), 0)).toBe(value);
  });

  it('reads the largest value as one that is too large', () => {
    expect(readVarint(hex('ffffffffffffffff'), 0)).toBe(2 ** 62);
  });

  it('gives back every value that it wrote, wherever it lies', () => {
    const value = fc.oneof(fc.maxSafeNat(), fc.nat(), fc.nat(20_000));
    fc.assert(
      fc.property(value, fc.nat(5), (number, offset) => {
        const target = new Uint8Array(offset + 8);
        const end = writeVarint(target, offset, number);
        expect(readVarint(target, offset)).toBe(number);
        expect(varintLengthFrom(target[offset] as number)).toBe(end - offset);
        expect(target.subarray(0, offset)).toEqual(new Uint8Array(offset));
        expect(target.subarray(end)).toEqual(new Uint8Array(target.length - end));
      }),
    );
  });

  it.each([-1, -0.5, 0.5, 100.5, 20_000.5, MAX_VARINT + 1, Number.NaN, Number.POSITIVE_INFINITY])(
    'does not write %d',
    (value) => {
      expect(() => varintLength(value)).toThrow(RangeError);
      expect(() => writeVarint(new Uint8Array(8), 0, value)).toThrow(RangeError);
    },
  );
});
