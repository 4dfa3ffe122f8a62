import { Buffer } from 'node:buffer';
import { createHmac, randomBytes, timingSafeEqual } from 'node:crypto';
import type { EngineAddress } from './native.ts';
import { CONNECTION_ID_LENGTH } from './packet.ts';

/** How long a client may take from our Retry to its second Initial packet, milliseconds. */
const LIFETIME = 10_000;

const MARK = 0x52;
const TIME_LENGTH = 6;
const HEAD = 1 + TIME_LENGTH;
const MAC_LENGTH = 16;
const MIN_ORIGINAL_ID = 8;
const MAX_ORIGINAL_ID = 20;

/** What goes into a Retry packet. */
export interface RetryOffer {
  /** The connection ID that the client has to use from now on. */
  readonly connectionId: Buffer;
  readonly token: Buffer;
}

/** What a token turned out to be: `foreign` ones were not made by a Retry of ours. */
export type RetryProof = { readonly originalId: Buffer } | 'foreign' | 'invalid';

/**
 * Tokens by which a client shows that datagrams reach it at the address that it gives (RFC 9000 §8.1.2), so that no
 * state is kept for those who made theirs up. One keyed hash of time, address, port and the client's first connection
 * ID is both the token's seal and the connection ID that goes with it:
 *
 *     mark (8) | milliseconds (48) | original connection ID | second half of the hash (128)
 */
export class RetryTokens {
  readonly #secret = randomBytes(32);

  /** `now`: milliseconds of a monotonic clock, as everywhere here. */
  offer(originalId: Uint8Array, from: EngineAddress, now: number): RetryOffer {
    const token = Buffer.allocUnsafe(HEAD + originalId.length + MAC_LENGTH);
    token[0] = MARK;
    token.writeUIntBE(Math.floor(now), 1, TIME_LENGTH);
    token.set(originalId, HEAD);
    const hash = this.#hash(token.subarray(0, -MAC_LENGTH), from);
    hash.copy(token, HEAD + originalId.length, CONNECTION_ID_LENGTH);
    return { connectionId: hash.subarray(0, CONNECTION_ID_LENGTH), token };
  }

  /** Judges the token of an Initial packet from `from` to `connectionId`. */
  check(token: Uint8Array, connectionId: Uint8Array, from: EngineAddress, now: number): RetryProof {
    const idLength = token.length - HEAD - MAC_LENGTH;
    if (token[0] !== MARK || idLength < MIN_ORIGINAL_ID || idLength > MAX_ORIGINAL_ID) return 'foreign';
    const sealed = Buffer.from(token.buffer, token.byteOffset, token.length - MAC_LENGTH);
    const age = now - sealed.readUIntBE(1, TIME_LENGTH);
    if (age < 0 || age > LIFETIME || connectionId.length !== CONNECTION_ID_LENGTH) return 'invalid';
    const given = Buffer.concat([connectionId, token.subarray(-MAC_LENGTH)]);
    if (!timingSafeEqual(given, this.#hash(sealed, from))) return 'invalid';
    return { originalId: Buffer.from(sealed.subarray(HEAD)) };
  }

  #hash(sealed: Uint8Array, { host, port }: EngineAddress): Buffer {
    // The host comes last and the port has a fixed length, so that no two pairs read the same.
    const hmac = createHmac('sha256', this.#secret).update(Buffer.of(sealed.length, port >> 8, port & 0xff));
    return hmac.update(sealed).update(host).digest();
  }
}
