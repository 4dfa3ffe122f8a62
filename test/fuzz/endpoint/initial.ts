/**
 * Initial packets (RFC 9001 §5): their keys follow from a connection ID that everybody on the path can read, so that
 * whoever sees a handshake can take part in it. Fuzzing does, and so gets behind the encryption.
 */
import { createCipheriv, createDecipheriv, createHmac } from 'node:crypto';
import { Cursor } from '../../../src/bytes/cursor.ts';
import { varintLength, writeVarint } from '../../../src/bytes/varint.ts';
import { isInitial, parseLongHeader } from '../../../src/quic/packet.ts';
import type { Role } from '../../../src/quic/port.ts';

/** RFC 9001 §5.2 */
const SALT = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');

const NUMBER_LENGTH = 4;
const TAG_LENGTH = 16;
const SAMPLE_LENGTH = 16;

/** What protects the Initial packets of one sender. */
export interface InitialKeys {
  readonly key: Buffer;
  readonly iv: Buffer;
  readonly headerKey: Buffer;
}

/** The keys of `sender`'s Initial packets, where the client's first one went to `originalId`. */
export function initialKeys(originalId: Uint8Array, sender: Role): InitialKeys {
  const secret = createHmac('sha256', SALT).update(originalId).digest();
  const own = expand(secret, `${sender} in`, 32);
  return {
    key: expand(own, 'quic key', 16),
    iv: expand(own, 'quic iv', 12),
    headerKey: expand(own, 'quic hp', 16),
  };
}

// HKDF-Expand-Label (RFC 8446 §7.1), of at most one block.
function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = `tls13 ${label}`;
  const info = Buffer.concat([Uint8Array.of(0, length, name.length), Buffer.from(name), Uint8Array.of(0, 1)]);
  return createHmac('sha256', secret).update(info).digest().subarray(0, length);
}

/** The frames of the Initial packet at the start of `datagram`, or `undefined` when it is none that these keys open. */
export function openInitial(datagram: Buffer, keys: InitialKeys): Buffer | undefined {
  const header = isInitial(datagram) ? parseLongHeader(datagram) : undefined;
  if (header === undefined) return undefined;
  const start = 7 + header.destination.length + header.source.length;
  const cursor = new Cursor(datagram.subarray(start));
  cursor.take(cursor.varint() ?? Number.POSITIVE_INFINITY);
  const length = cursor.varint();
  const numberAt = start + cursor.offset;
  if (length === undefined || numberAt + length > datagram.length || length < 40) return undefined;
  const packet = Buffer.from(datagram.subarray(0, numberAt + length));
  protectHeader(packet, numberAt, keys, true);
  const numberLength = ((packet[0] ?? 0) & 3) + 1;
  const payloadAt = numberAt + numberLength;
  const decipher = createDecipheriv(
    'aes-128-gcm',
    keys.key,
    nonce(keys, packet.readUIntBE(numberAt, numberLength)),
  );
  decipher.setAAD(packet.subarray(0, payloadAt));
  decipher.setAuthTag(packet.subarray(-TAG_LENGTH));
  try {
    return Buffer.concat([decipher.update(packet.subarray(payloadAt, -TAG_LENGTH)), decipher.final()]);
  } catch {
    return undefined;
  }
}

/** An Initial packet that says what a forger wants. */
export interface Forgery {
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
  readonly token: Uint8Array;
  readonly number: number;
  readonly frames: Uint8Array;
}

/** The packet, protected as it has to be, and padded to `size` bytes. */
export function sealInitial(
  { destination, source, token, number, frames }: Forgery,
  keys: InitialKeys,
  size: number,
): Buffer {
  const fixed =
    7 + destination.length + source.length + varintLength(token.length) + token.length + 2 + NUMBER_LENGTH;
  const plain = Buffer.concat([frames, Buffer.alloc(Math.max(0, size - fixed - frames.length - TAG_LENGTH))]);
  const header = Buffer.alloc(fixed);
  header.set([0xc0 | (NUMBER_LENGTH - 1), 0, 0, 0, 1, destination.length]);
  header.set(destination, 6);
  header[6 + destination.length] = source.length;
  header.set(source, 7 + destination.length);
  let at = writeVarint(header, 7 + destination.length + source.length, token.length);
  header.set(token, at);
  at += token.length;
  header.writeUInt16BE(0x4000 | (NUMBER_LENGTH + plain.length + TAG_LENGTH), at);
  header.writeUInt32BE(number, at + 2);
  const cipher = createCipheriv('aes-128-gcm', keys.key, nonce(keys, number));
  cipher.setAAD(header);
  const packet = Buffer.concat([header, cipher.update(plain), cipher.final(), cipher.getAuthTag()]);
  protectHeader(packet, at + 2, keys, false);
  return packet;
}

function nonce({ iv }: InitialKeys, number: number): Buffer {
  const value = Buffer.from(iv);
  value.writeUInt32BE((value.readUInt32BE(8) ^ number) >>> 0, 8);
  return value;
}

// RFC 9001 §5.4; the length of the packet number is read once the first byte is open.
function protectHeader(
  packet: Buffer,
  numberAt: number,
  { headerKey }: InitialKeys,
  isProtected: boolean,
): void {
  const sample = packet.subarray(numberAt + 4, numberAt + 4 + SAMPLE_LENGTH);
  const mask = createCipheriv('aes-128-ecb', headerKey, null).update(sample);
  const first = packet[0] ?? 0;
  const opened = first ^ ((mask[0] ?? 0) & 0x0f);
  packet[0] = opened;
  const numberLength = ((isProtected ? opened : first) & 3) + 1;
  for (let at = 0; at < numberLength; at++) {
    packet[numberAt + at] = (packet[numberAt + at] ?? 0) ^ (mask[at + 1] ?? 0);
  }
}
