/** Initial packets by hand (RFC 9001 §5): whoever knows the first connection ID can make any, as either end. */
import { createCipheriv, createHmac, hkdfSync } from 'node:crypto';

const SALT = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');
const PACKET_NUMBER_LENGTH = 4;
const TAG_LENGTH = 16;
/** The smallest datagram that may carry a first packet. */
const SIZE = 1200;

/** Keys of one direction. */
export interface InitialKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly headerKey: Buffer;
}

export function initialKeys(firstId: Buffer, sender: 'client' | 'server'): InitialKeys {
  const secret = Buffer.from(hkdfSync('sha256', firstId, SALT, labelled(`${sender} in`, 32), 32));
  const expand = (label: string, length: number): Buffer =>
    createHmac('sha256', secret)
      .update(labelled(label, length))
      .update(Buffer.of(1))
      .digest()
      .subarray(0, length);
  return { key: expand('quic key', 16), iv: expand('quic iv', 12), headerKey: expand('quic hp', 16) };
}

/** A datagram of 1200 bytes with one Initial packet; `frames` is filled up with PADDING. */
export function initialPacket(
  keys: InitialKeys,
  ids: { readonly destination: Buffer; readonly source: Buffer },
  number: number,
  frames: Buffer,
): Buffer {
  const { destination, source } = ids;
  const head = 10 + destination.length + source.length;
  const sealed = SIZE - head - PACKET_NUMBER_LENGTH;
  const header = Buffer.alloc(head + PACKET_NUMBER_LENGTH);
  header[0] = 0xc0 | (PACKET_NUMBER_LENGTH - 1);
  header.writeUInt32BE(1, 1);
  header[5] = destination.length;
  destination.copy(header, 6);
  header[6 + destination.length] = source.length;
  source.copy(header, 7 + destination.length);
  header.writeUInt16BE(0x4000 | (sealed + PACKET_NUMBER_LENGTH), head - 2);
  header.writeUInt32BE(number, head);
  const nonce = Buffer.from(keys.iv);
  nonce.writeUInt32BE((nonce.readUInt32BE(8) ^ number) >>> 0, 8);
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce).setAAD(header);
  const payload = Buffer.alloc(sealed - TAG_LENGTH);
  frames.copy(payload);
  const body = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  return protectHeader(Buffer.concat([header, body]), head, keys.headerKey);
}

/** CRYPTO frames of one byte each with a gap behind it, as many as fit a packet, from `offset` on. */
export function cryptoGaps(offset: number): Buffer {
  const frames: Buffer[] = [];
  for (let n = 0; n < 150; n++) {
    const frame = Buffer.from([0x06, 0, 0, 0, 0, 0x01, n]);
    frame.writeUInt32BE((0x8000_0000 | (offset + 2 * n)) >>> 0, 1);
    frames.push(frame);
  }
  return Buffer.concat(frames);
}

function protectHeader(packet: Buffer, at: number, key: Buffer): Buffer {
  const sample = packet.subarray(at + PACKET_NUMBER_LENGTH, at + PACKET_NUMBER_LENGTH + 16);
  const mask = createCipheriv('aes-128-ecb', key, null).update(sample);
  packet[0] = (packet[0] ?? 0) ^ ((mask[0] ?? 0) & 0x0f);
  for (let n = 0; n < PACKET_NUMBER_LENGTH; n++) packet[at + n] = (packet[at + n] ?? 0) ^ (mask[1 + n] ?? 0);
  return packet;
}

function labelled(label: string, length: number): Buffer {
  const text = Buffer.from(`tls13 ${label}`);
  return Buffer.concat([Buffer.of(length >> 8, length & 0xff, text.length), text, Buffer.of(0)]);
}
