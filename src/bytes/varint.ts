/**
 * Variable-length integers (RFC 9000 §16).
 *
 *     2MSB  length  usable bits  range
 *     00    1       6            0–63
 *     01    2       14           0–16,383
 *     10    4       30           0–1,073,741,823
 *     11    8       62           0–4,611,686,018,427,387,903
 *
 * Values are JavaScript numbers. Up to 2^53−1 they are exact. Above, a decoded value is the nearest number that
 * can be represented: enough to see that it is too large or unknown, and never written back.
 */

/** Largest value that both QUIC and a JavaScript number carry exactly. */
export const MAX_VARINT = Number.MAX_SAFE_INTEGER;

const TWO_32 = 2 ** 32;

/** Bytes that `value` takes: 1, 2, 4 or 8. Throws a RangeError for all but integers from 0 to {@link MAX_VARINT}. */
export function varintLength(value: number): 1 | 2 | 4 | 8 {
  if (!Number.isSafeInteger(value) || value < 0) throw new RangeError(`not a varint: ${value}`);
  if (value < 0x40) return 1;
  if (value < 0x4000) return 2;
  return value < 0x4000_0000 ? 4 : 8;
}

/** Bytes that the varint starting with `firstByte` takes. */
export function varintLengthFrom(firstByte: number): 1 | 2 | 4 | 8 {
  return (1 << (firstByte >> 6)) as 1 | 2 | 4 | 8;
}

/** Writes `value` at `offset` and returns the offset behind it. The caller has made room ({@link varintLength}). */
export function writeVarint(target: Uint8Array, offset: number, value: number): number {
  const length = varintLength(value);
  if (length === 1) {
    target[offset] = value;
    return offset + 1;
  }
  if (length === 2) {
    target[offset] = 0x40 | (value >> 8);
    target[offset + 1] = value;
    return offset + 2;
  }
  let rest = value;
  for (let at = offset + length - 1; at >= offset; at--) {
    target[at] = rest % 256;
    rest = Math.floor(rest / 256);
  }
  target[offset] = (target[offset] as number) | (Math.log2(length) << 6);
  return offset + length;
}

/** Reads the varint at `offset`. The caller has seen that all its bytes are there ({@link varintLengthFrom}). */
export function readVarint(source: Uint8Array, offset: number): number {
  const first = source[offset] as number;
  const length = varintLengthFrom(first);
  if (length === 1) return first;
  if (length === 2) return ((first & 0x3f) << 8) | (source[offset + 1] as number);
  if (length === 4) return readUint32(source, offset) & 0x3fff_ffff;
  return (readUint32(source, offset) & 0x3fff_ffff) * TWO_32 + readUint32(source, offset + 4);
}

function readUint32(source: Uint8Array, offset: number): number {
  return (
    (((source[offset] as number) << 24) |
      ((source[offset + 1] as number) << 16) |
      ((source[offset + 2] as number) << 8) |
      (source[offset + 3] as number)) >>>
    0
  );
}
