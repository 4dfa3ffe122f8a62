import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QPACK_DECOMPRESSION_FAILED, QpackError } from './errors.ts';
import { MAX_INTEGER_BYTES } from './integers.ts';
import { Reader, TOO_LONG } from './reader.ts';
import { Writer } from './writer.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const latin1 = fc.uint8Array({ maxLength: 300 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

function readerOf(bytes: Uint8Array): Reader {
  const reader = new Reader(QPACK_DECOMPRESSION_FAILED);
  reader.reset(bytes);
  return reader;
}

function written(write: (writer: Writer) => void): Uint8Array {
  const writer = new Writer();
  write(writer);
  return writer.take();
}

describe('prefixed integers (RFC 7541 §5.1)', () => {
  // RFC 7541 appendix C.1
  it.each([
    [10, 5, '0a'],
    [1337, 5, '1f9a0a'],
    [42, 8, '2a'],
  ])('writes and reads %i with a prefix of %i bits', (value, prefixBits, code) => {
    expect(written((writer) => writer.integer(0, prefixBits, value))).toEqual(new Uint8Array(hex(code)));
    expect(readerOf(hex(code)).integer(prefixBits)).toBe(value);
  });

  it('leaves the bits of the pattern alone and reads past them', () => {
    const bytes = written((writer) => writer.integer(0xe0, 5, 1337));
    expect(bytes[0]).toBe(0xff);
    expect(readerOf(bytes).integer(5)).toBe(1337);
  });

  it('gives back every value with every prefix, in at most the bytes reserved', () => {
    fc.assert(
      fc.property(fc.maxSafeNat(), fc.integer({ min: 1, max: 8 }), (value, prefixBits) => {
        const bytes = written((writer) => writer.integer(0, prefixBits, value));
        const reader = readerOf(bytes);
        expect(reader.integer(prefixBits)).toBe(value);
        expect(reader.remaining).toBe(0);
        expect(bytes.length).toBeLessThanOrEqual(MAX_INTEGER_BYTES);
      }),
    );
  });

  it('gives undefined for every beginning of an integer', () => {
    const bytes = written((writer) => writer.integer(0, 5, Number.MAX_SAFE_INTEGER));
    for (let length = 0; length < bytes.length; length++) {
      expect(readerOf(bytes.subarray(0, length)).integer(5)).toBeUndefined();
    }
  });

  it('reads the largest value of 62 bits', () => {
    // 2^62 - 1 - 255, in groups of seven bits
    expect(readerOf(hex('ff 80 fe ff ff ff ff ff ff 3f')).integer(8)).toBe(2 ** 62);
  });
});

describe('integers over 62 bits (RFC 9204 §4.1.1, RFC 7541 §5.1)', () => {
  it.each([
    ['63 bits', 'ff ff ff ff ff ff ff ff ff 7f'],
    ['ten continuation bytes', 'ff ff ff ff ff ff ff ff ff ff 01'],
    ['zeros without end', 'ff 80 80 80 80 80 80 80 80 80 80 00'],
  ])('are refused: %s', (_what, code) => {
    const reader = readerOf(hex(code));
    expect(() => reader.integer(8)).toThrow(QpackError);
  });
});

describe('string literals (RFC 9204 §4.1.2)', () => {
  it('are Huffman-coded only where that is shorter', () => {
    expect(written((writer) => writer.string(0, 8, 'no-cache'))).toEqual(
      new Uint8Array(hex('86a8eb10649cbf')),
    );
    expect(written((writer) => writer.string(0, 8, '\xff\xff'))).toEqual(new Uint8Array(hex('02ffff')));
    expect(written((writer) => writer.string(0, 8, '&'))).toEqual(new Uint8Array(hex('0126')));
  });

  it('give back any bytes with every prefix', () => {
    fc.assert(
      fc.property(latin1, fc.integer({ min: 2, max: 8 }), (text, prefixBits) => {
        const reader = readerOf(written((writer) => writer.string(0, prefixBits, text)));
        expect(reader.string(prefixBits, text.length)).toBe(text);
        expect(reader.remaining).toBe(0);
      }),
    );
  });

  it('give undefined for every beginning of a string', () => {
    for (const text of ['no-cache', '\xff\xfe\xfd']) {
      const bytes = written((writer) => writer.string(0, 8, text));
      for (let length = 0; length < bytes.length; length++) {
        expect(readerOf(bytes.subarray(0, length)).string(8, 100)).toBeUndefined();
      }
    }
  });

  it.each(['no-cache', '\xff\xfe\xfd'])('are not decoded when longer than the limit: "%s"', (text) => {
    const bytes = written((writer) => writer.string(0, 8, text));
    expect(readerOf(bytes).string(8, text.length - 1)).toBe(TOO_LONG);
    expect(readerOf(bytes).string(8, text.length)).toBe(text);
    expect(readerOf(bytes).string(8, -1)).toBe(TOO_LONG);
  });

  it('need no more memory than their limit, whatever they would decode to', () => {
    const bytes = written((writer) => writer.string(0, 8, '0'.repeat(1_000_000)));
    expect(readerOf(bytes).string(8, 1000)).toBe(TOO_LONG);
  });
});

describe('Writer', () => {
  it('grows over its first size and starts anew after take', () => {
    const writer = new Writer();
    const text = '\xff'.repeat(200_000);
    writer.string(0, 8, text);
    expect(readerOf(writer.take()).string(8, text.length)).toBe(text);
    writer.integer(0, 8, 1);
    expect(writer.take()).toEqual(new Uint8Array([1]));
  });
});
