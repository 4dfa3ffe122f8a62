import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { huffmanLength, readHuffman, writeHuffman } from './huffman.ts';
import { CODE_LENGTHS, CODES } from './huffman-table.ts';

function encode(text: string): Uint8Array {
  const target = new Uint8Array(huffmanLength(text));
  expect(writeHuffman(target, 0, text)).toBe(target.length);
  return target;
}

function decode(code: Uint8Array, limit = 10_000): string | undefined {
  const target = Buffer.alloc(limit + 2);
  const length = readHuffman(code, 0, code.length, target, limit);
  return length < 0 ? undefined : target.toString('latin1', 0, length);
}

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const latin1 = fc.uint8Array({ maxLength: 400 }).map((bytes) => Buffer.from(bytes).toString('latin1'));

// RFC 7541 appendices C.4 and C.6
const VECTORS = [
  ['www.example.com', 'f1e3 c2e5 f23a 6ba0 ab90 f4ff'],
  ['no-cache', 'a8eb 1064 9cbf'],
  ['custom-key', '25a8 49e9 5ba9 7d7f'],
  ['custom-value', '25a8 49e9 5bb8 e8b4 bf'],
  ['302', '6402'],
  ['private', 'aec3 771a 4b'],
  ['Mon, 21 Oct 2013 20:13:21 GMT', 'd07a be94 1054 d444 a820 0595 040b 8166 e082 a62d 1bff'],
  ['https://www.example.com', '9d29 ad17 1863 c78f 0b97 c8e9 ae82 ae43 d3'],
] as const;

describe('Huffman table (RFC 7541 appendix B)', () => {
  it('is complete: every sequence of bits leads to a symbol', () => {
    expect(CODE_LENGTHS.reduce((sum, length) => sum + 2 ** -length, 0)).toBe(1);
  });

  it.each([
    [0, 0x1ff8],
    [10, 0x3ffffffc],
    [47, 0x18],
    [92, 0x7fff0],
    [127, 0xffffffc],
    [195, 0x7fff1],
    [239, 0x7ffff4],
    [249, 0xffffffe],
    [255, 0x3ffffee],
    [256, 0x3fffffff],
  ])('gives symbol %i the code %i', (symbol, code) => {
    expect(CODES[symbol]).toBe(code);
  });
});

describe('Huffman coding (RFC 7541 §5.2)', () => {
  it.each(VECTORS)('encodes "%s" as the RFC does', (text, code) => {
    expect(Buffer.from(encode(text)).toString('hex')).toBe(code.replaceAll(' ', ''));
  });

  it.each(VECTORS)('decodes "%s" from the code of the RFC', (text, code) => {
    expect(decode(hex(code))).toBe(text);
  });

  it('gives back any bytes that it encoded', () => {
    fc.assert(fc.property(latin1, (text) => decode(encode(text)) === text));
  });

  it('takes any bytes without throwing', () => {
    fc.assert(fc.property(fc.uint8Array({ maxLength: 200 }), (bytes) => decode(bytes) !== null));
  });

  it('accepts seven bits of padding and refuses eight', () => {
    // '033' takes 17 bits, '&' takes eight.
    expect(decode(hex('03 2c ff'))).toBe('033');
    expect(decode(hex('03 2c ff ff'))).toBeUndefined();
    expect(decode(hex('f8'))).toBe('&');
    expect(decode(hex('f8 ff'))).toBeUndefined();
    expect(decode(hex('ff'))).toBeUndefined();
  });

  it('refuses padding that is not of ones', () => {
    expect(decode(hex('00'))).toBeUndefined();
    expect(decode(hex('06'))).toBeUndefined();
    expect(decode(hex('03'))).toBeUndefined();
  });

  it('refuses EOS, at the start and after a symbol', () => {
    expect(decode(hex('ff ff ff ff'))).toBeUndefined();
    expect(decode(hex('f8 ff ff ff ff'))).toBeUndefined();
  });

  it('refuses a code that is cut off', () => {
    expect(decode(hex('ff ff ff f0').subarray(0, 3))).toBeUndefined();
  });

  it('stops behind the limit and writes at most two bytes beyond it', () => {
    const code = encode('0'.repeat(1000));
    const target = new Uint8Array(100);
    expect(readHuffman(code, 0, code.length, target, 10)).toBeGreaterThan(10);
    expect(target.subarray(12)).toEqual(new Uint8Array(88));
  });

  it('decodes a string of exactly the limit', () => {
    const code = encode('0'.repeat(10));
    expect(decode(code, 10)).toBe('0000000000');
  });

  it('refuses to encode a character that is no byte', () => {
    expect(() => huffmanLength('\u010a')).toThrow(RangeError);
  });
});
