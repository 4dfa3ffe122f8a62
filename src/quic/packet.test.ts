import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  CONNECTION_ID_LENGTH,
  connectionKey,
  isHandshake,
  isInitial,
  isLongHeader,
  parseLongHeader,
  shortHeaderKey,
} from './packet.ts';

/** A long header (RFC 8999 §5.1) and a byte of payload. */
function longHeader(version: number, destination: Buffer, source: Buffer, first = 0xc3): Buffer {
  const head = Buffer.alloc(5);
  head[0] = first;
  head.writeUInt32BE(version, 1);
  const lengths = [Buffer.of(destination.length), Buffer.of(source.length)] as const;
  return Buffer.concat([head, lengths[0], destination, lengths[1], source, Buffer.of(0)]);
}

const id = (length: number): Buffer => Buffer.from(Array.from({ length }, (_, index) => index + 1));

describe('a long header', () => {
  it('is read whatever the version and the lengths of its connection IDs', () => {
    const version = fc.integer({ min: 2, max: 0xffff_ffff });
    const connectionId = fc.uint8Array({ maxLength: 255 }).map((bytes) => Buffer.from(bytes));
    fc.assert(
      fc.property(version, connectionId, connectionId, (number, destination, source) => {
        expect(parseLongHeader(longHeader(number, destination, source))).toEqual({
          version: number,
          destination,
          source,
        });
      }),
    );
  });

  it.each([0, 1, 8, 20])('of version 1 may carry connection IDs of %i bytes', (length) => {
    expect(parseLongHeader(longHeader(1, id(length), id(20 - length)))).toMatchObject({ version: 1 });
  });

  it.each([
    [21, 0],
    [0, 21],
  ])('of version 1 is malformed with connection IDs of %i and %i bytes', (destination, source) => {
    expect(parseLongHeader(longHeader(1, id(destination), id(source)))).toBeUndefined();
  });

  it('is nothing wherever it is cut off', () => {
    const whole = longHeader(1, id(8), id(5));
    for (let length = 0; length < whole.length - 1; length++) {
      expect(parseLongHeader(whole.subarray(0, length))).toBeUndefined();
    }
    expect(parseLongHeader(whole.subarray(0, whole.length - 1))).toBeDefined();
  });

  it('never makes the reader throw', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 64 }), (bytes) => {
        const datagram = Buffer.from(bytes);
        parseLongHeader(datagram);
        shortHeaderKey(datagram);
        isLongHeader(datagram);
        expect(isInitial(datagram) && isHandshake(datagram)).toBe(false);
      }),
    );
  });
});

describe('the form of a packet', () => {
  it.each([
    [0xc0, true, true, false],
    [0xcf, true, true, false],
    [0xd0, true, false, false],
    [0xe0, true, false, true],
    [0xf0, true, false, false],
    [0x40, false, false, false],
    [0x60, false, false, false],
    [0x00, false, false, false],
  ])('0x%s: long %s, Initial %s, Handshake %s', (first, long, initial, handshake) => {
    const datagram = Buffer.of(first, 0, 0, 0, 1);
    expect([isLongHeader(datagram), isInitial(datagram), isHandshake(datagram)]).toEqual([
      long,
      initial,
      handshake,
    ]);
  });
});

describe('the key of a connection', () => {
  const own = id(CONNECTION_ID_LENGTH);

  it('is the same from a long header, a short header and the connection ID', () => {
    const long = parseLongHeader(longHeader(1, own, id(0)));
    const short = Buffer.concat([Buffer.of(0x41), own, Buffer.of(9)]);
    expect(connectionKey(long?.destination ?? id(0))).toBe(connectionKey(own));
    expect(shortHeaderKey(short)).toBe(connectionKey(own));
  });

  it('tells apart what differs in one bit', () => {
    const other = Buffer.from(own);
    other[15] = 0x90;
    expect(connectionKey(other)).not.toBe(connectionKey(own));
  });

  it('is missing from a short header that ends before the connection ID does', () => {
    expect(shortHeaderKey(Buffer.concat([Buffer.of(0x41), own.subarray(1)]))).toBeUndefined();
  });
});
