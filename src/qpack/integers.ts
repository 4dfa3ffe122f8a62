/**
 * Prefixed integers (RFC 7541 §5.1, RFC 9204 §4.1.1): the low bits of a byte whose high bits say what it is, then,
 * when those bits are all ones, the rest in groups of seven bits, lowest first.
 *
 * As with varints, values above 2^53−1 are the nearest number that can be represented: enough to be refused.
 */

/** Most bytes that follow the prefix: nine groups of seven bits hold any value of 62 bits. */
export const MAX_CONTINUATION_BYTES = 9;

/** Integers have at most 62 bits (RFC 9204 §4.1.1). The largest, 2^62−1, is rounded to this number. */
export const MAX_INTEGER = 2 ** 62;

/** Most bytes that {@link writeInteger} writes for values up to `Number.MAX_SAFE_INTEGER`. */
export const MAX_INTEGER_BYTES = 9;

/**
 * Writes `value` behind the bits of `pattern`, which leaves the low `prefixBits` bits of the first byte free.
 * Returns the offset behind it. The caller has made room ({@link MAX_INTEGER_BYTES}).
 */
export function writeInteger(
  target: Uint8Array,
  offset: number,
  pattern: number,
  prefixBits: number,
  value: number,
): number {
  const full = (1 << prefixBits) - 1;
  if (value < full) {
    target[offset] = pattern | value;
    return offset + 1;
  }
  target[offset] = pattern | full;
  let at = offset + 1;
  let rest = value - full;
  while (rest >= 0x80) {
    target[at++] = (rest % 0x80) | 0x80;
    rest = Math.floor(rest / 0x80);
  }
  target[at] = rest;
  return at + 1;
}
