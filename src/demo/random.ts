/** Numbers from 0 (inclusive) to 1 (exclusive). */
export type Random = () => number;

/**
 * A reproducible generator (Marsaglia's 32-bit xorshift, period 2^32−1): the same seed gives the same numbers. Not
 * for secrets.
 */
export function createRandom(seed: number): Random {
  // Spreads small seeds over all bits; zero is the one state that xorshift never leaves.
  let state = Math.imul(seed + 1, 0x9e37_79b1) >>> 0 || 1;
  return () => {
    state ^= state << 13;
    state ^= state >>> 17;
    state ^= state << 5;
    return (state >>> 0) / 2 ** 32;
  };
}
