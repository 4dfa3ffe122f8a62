import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { handshakeBytes, initialToken, separately } from './coalesced.ts';
import { parseLongHeader } from './packet.ts';

const INITIAL = 0xc0;
const ZERO_RTT = 0xd0;
const HANDSHAKE = 0xe0;
const RETRY = 0xf0;

/** A packet of version 1 with a destination connection ID of 8 bytes and `payload` bytes (RFC 9000 §17.2). */
function packet(first: number, payload: number, token?: Buffer): Buffer {
  const head = Buffer.from([first, 0, 0, 0, 1, 8, 1, 2, 3, 4, 5, 6, 7, 8, 0]);
  const tokenField = token === undefined ? [] : [Buffer.of(token.length), token];
  const length = Buffer.of(0x40 | (payload >> 8), payload & 0xff);
  return Buffer.concat([head, ...tokenField, length, Buffer.alloc(payload, 7)]);
}

const initial = packet(INITIAL, 100, Buffer.alloc(0));
const handshake = packet(HANDSHAKE, 300);

describe('the bytes of Handshake packets in a datagram', () => {
  it.each([
    ['alone', [handshake], handshake.length],
    ['behind an Initial packet', [initial, handshake], handshake.length],
    ['behind one with a token', [packet(INITIAL, 5, Buffer.alloc(40)), initial, handshake], handshake.length],
    ['behind a 0-RTT packet', [initial, packet(ZERO_RTT, 50), handshake], handshake.length],
    ['with something behind them', [initial, handshake, initial], handshake.length + initial.length],
    ['behind what has no length', [packet(RETRY, 5), handshake], 0],
    ['not there', [initial, initial], 0],
    ['behind a short header', [Buffer.alloc(30, 0x41), handshake], 0],
  ])('%s', (_where, packets, bytes) => {
    expect(handshakeBytes(Buffer.concat(packets))).toBe(bytes);
  });

  it('end the search where a packet is cut off', () => {
    const whole = Buffer.concat([initial, initial]);
    for (let length = 0; length < whole.length; length++) {
      expect(handshakeBytes(whole.subarray(0, length))).toBe(0);
    }
  });

  it('are never more than there are', () => {
    const first = fc.integer({ min: 0x80, max: 0xff });
    fc.assert(
      fc.property(first, fc.uint8Array({ maxLength: 80 }), (byte, rest) => {
        const datagram = Buffer.from([byte, 0, 0, 0, 1, ...rest]);
        expect(handshakeBytes(datagram)).toBeLessThanOrEqual(datagram.length);
      }),
    );
  });
});

describe('packets that share a datagram', () => {
  const short = Buffer.alloc(40, 0x41);
  function taken(...packets: readonly Buffer[]): Buffer[] {
    const all: Buffer[] = [];
    separately(Buffer.concat(packets), (one) => all.push(one));
    return all;
  }

  it('are handed on one by one', () => {
    for (const packets of [
      [short],
      [initial],
      [initial, handshake],
      [initial, handshake, short],
      [handshake, short],
    ]) {
      expect(taken(...packets)).toEqual(packets);
    }
  });

  it('stay together where it is not known where the first one ends', () => {
    const cut = initial.subarray(0, 60);
    expect(taken(handshake, cut)).toEqual([handshake, cut]);
    expect(taken(short, handshake)).toEqual([Buffer.concat([short, handshake])]);
  });

  it('are no more than six', () => {
    const many = taken(...new Array<Buffer>(100).fill(initial));
    expect(many).toHaveLength(6);
    expect(Buffer.concat(many)).toHaveLength(100 * initial.length);
  });
});

describe('the token of an Initial packet', () => {
  it.each([0, 1, 63])('of %i bytes is read', (length) => {
    const token = Buffer.alloc(length, 9);
    const datagram = packet(INITIAL, 5, token);
    const header = parseLongHeader(datagram);
    if (header === undefined) throw new Error('it is well-formed');
    expect(Buffer.from(initialToken(datagram, header) ?? 'none')).toEqual(token);
    expect(initialToken(datagram.subarray(0, 15 + length), header)).toBeUndefined();
  });
});
