import { Buffer } from 'node:buffer';
import { createHmac, hkdfSync, randomBytes } from 'node:crypto';
import { hostname } from 'node:os';
import type { EngineConfig } from './native.ts';

const TOKEN_LENGTH = 16;

/** A reset is no shorter than this (RFC 9000 §10.3), and looks like a packet of a few bytes. */
const MIN_LENGTH = 21;
const MAX_LENGTH = 43;

/**
 * Stateless resets (RFC 9000 §10.3): how a server that has lost a connection, because its process was started again,
 * tells the peer at once. The token of each connection is a keyed hash of its ID; the key comes from the private key, so
 * that the next process has it too, and from host name and port, so that no other server with the same key answers for
 * our connections.
 */
export class StatelessResets {
  readonly #key: Buffer;

  constructor(privateKey: Uint8Array, port: number) {
    const info = `ptproxy stateless reset ${hostname()} ${port}`;
    this.#key = Buffer.from(hkdfSync('sha256', privateKey, Buffer.alloc(0), info, 32));
  }

  /**
   * The connection that the engine makes next announces the token for `connectionId`; none after a Retry, where the
   * engine's buffer for transport parameters (128 bytes) has to take two connection IDs as well.
   */
  announce(config: EngineConfig, connectionId: Uint8Array, afterRetry: boolean): void {
    if (afterRetry) config.setStatelessResetToken(null);
    else config.setStatelessResetToken(BigInt(`0x${this.#token(connectionId).toString('hex')}`));
  }

  /**
   * What to answer to a datagram for an unknown connection: always less than what came, so that two such ends cannot
   * keep answering each other. `undefined` when it is too short for that.
   */
  answer(datagram: Uint8Array, connectionId: Uint8Array): Buffer | undefined {
    const length = Math.min(datagram.length - 1, MAX_LENGTH);
    if (length < MIN_LENGTH) return undefined;
    const packet = randomBytes(length);
    packet[0] = 0x40 | ((packet[0] ?? 0) & 0x3f);
    packet.set(this.#token(connectionId), length - TOKEN_LENGTH);
    return packet;
  }

  #token(connectionId: Uint8Array): Buffer {
    return createHmac('sha256', this.#key).update(connectionId).digest().subarray(0, TOKEN_LENGTH);
  }
}
