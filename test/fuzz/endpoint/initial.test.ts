import { expect, it } from 'vitest';
import { parseLongHeader } from '../../../src/quic/packet.ts';
import { quicOptions } from '../../support/quic-pair.ts';
import { RawClient, rawConfig } from '../../support/quic-raw.ts';
import { initialKeys, openInitial, sealInitial } from './initial.ts';

it("opens the engine's own Initial packet, which has a ClientHello, and its own", async () => {
  const { identity } = await quicOptions('client');
  const datagram = RawClient.firstDatagram(1, rawConfig(identity.ca), 'a.example');
  const destination = parseLongHeader(datagram)?.destination ?? Buffer.alloc(0);
  const keys = initialKeys(destination, 'client');
  const frames = openInitial(datagram, keys);
  // CRYPTO at offset 0, of a length in two bytes, with a handshake message of type 1.
  expect(frames?.subarray(0, 2)).toEqual(Buffer.of(0x06, 0x00));
  expect(frames?.[4]).toBe(1);
  const forged = {
    destination,
    source: Buffer.alloc(0),
    token: Buffer.from('token'),
    number: 77,
    frames: Buffer.of(1),
  };
  const sealed = sealInitial(forged, keys, 1200);
  expect(sealed.length).toBe(1200);
  expect(openInitial(sealed, keys)?.[0]).toBe(1);
  expect(openInitial(sealed, initialKeys(destination, 'server'))).toBeUndefined();
});
