import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { RetryTokens } from './retry-token.ts';

const FROM = { host: '192.0.2.1', port: 4433 };
const ORIGINAL = Buffer.from('0102030405060708090a', 'hex');
const tokens = new RetryTokens();

describe('a Retry token', () => {
  it('gives back the original connection ID, up to ten seconds later', () => {
    const { token, connectionId } = tokens.offer(ORIGINAL, FROM, 5000.7);
    for (const now of [5001, 15_000]) {
      expect(tokens.check(token, connectionId, FROM, now)).toEqual({ originalId: ORIGINAL });
    }
    for (const now of [4000, 15_001]) expect(tokens.check(token, connectionId, FROM, now)).toBe('invalid');
  });

  it('is worth nothing at another address or port, with another connection ID, or in another process', () => {
    const { token, connectionId } = tokens.offer(ORIGINAL, FROM, 0);
    const other = Buffer.from(connectionId);
    other[3] = (other[3] ?? 0) ^ 1;
    const verdicts = [
      tokens.check(token, connectionId, { ...FROM, host: '192.0.2.2' }, 1),
      tokens.check(token, connectionId, { ...FROM, port: 4434 }, 1),
      tokens.check(token, other, FROM, 1),
      tokens.check(token, connectionId.subarray(1), FROM, 1),
      new RetryTokens().check(token, connectionId, FROM, 1),
    ];
    expect(verdicts).toEqual(verdicts.map(() => 'invalid'));
  });

  it('is worth nothing when any of its bits was changed', () => {
    const { token, connectionId } = tokens.offer(ORIGINAL, FROM, 77);
    for (let bit = 0; bit < token.length * 8; bit++) {
      const changed = Buffer.from(token);
      changed[bit >> 3] = (changed[bit >> 3] ?? 0) ^ (1 << (bit & 7));
      expect(tokens.check(changed, connectionId, FROM, 78)).toBeTypeOf('string');
    }
  });

  it('is another one for each connection ID, address and moment', () => {
    const offers = [
      tokens.offer(ORIGINAL, FROM, 1),
      tokens.offer(ORIGINAL, FROM, 2),
      tokens.offer(Buffer.alloc(8), FROM, 1),
      tokens.offer(ORIGINAL, { ...FROM, port: 1 }, 1),
    ];
    expect(new Set(offers.map(({ connectionId }) => connectionId.toString('hex'))).size).toBe(4);
  });

  it('of somebody else is told apart, and arbitrary bytes raise nothing', () => {
    const bytes = fc.uint8Array({ maxLength: 64 });
    fc.assert(
      fc.property(bytes, bytes, (token, connectionId) => {
        expect(['foreign', 'invalid']).toContain(tokens.check(token, connectionId, FROM, 1));
      }),
    );
    expect(tokens.check(Buffer.alloc(0), ORIGINAL, FROM, 1)).toBe('foreign');
  });
});
