import { Buffer } from 'node:buffer';
import { createCipheriv, createHmac } from 'node:crypto';
import { varintLength, writeVarint } from '../bytes/varint.ts';
import { CONNECTION_REFUSED } from './close-reason.ts';
import { type LongHeader, VERSION_1 } from './packet.ts';

/** From which the keys of Initial packets are derived in version 1 (RFC 9001 §5.2). */
const INITIAL_SALT = Buffer.from('38762cf7f55934b34d179ae6a4c80cadccbb7f0a', 'hex');

/** Types of the packet and of the frame in it (RFC 9000 §17.2.2, §19.19). */
const INITIAL_PACKET = 0xc0;
const CONNECTION_CLOSE = 0x1c;

const TAG_LENGTH = 16;
const SAMPLE_LENGTH = 16;
/** The sample is taken as if the packet number had four bytes; ours has one (RFC 9001 §5.4.2). */
const SAMPLE_OFFSET = 4 - 1;

/**
 * A server's answer to a client's first Initial packet that it does not want: CONNECTION_CLOSE with CONNECTION_REFUSED,
 * so that the client need not find out by waiting. Anybody could make it who sees the client's packet; it takes no state
 * and no handshake, and is far smaller than what it answers.
 */
export function connectionRefused({ destination, source }: LongHeader, reason: string): Buffer {
  const secret = expand(hmac(INITIAL_SALT, destination), 'server in', 32);
  const text = Buffer.from(reason);
  const payload = Buffer.concat([
    Buffer.of(CONNECTION_CLOSE, CONNECTION_REFUSED, 0),
    varint(text.length),
    text,
  ]);
  const header = Buffer.concat([
    Buffer.of(INITIAL_PACKET, 0, 0, 0, VERSION_1, source.length),
    source,
    // No connection ID of ours, no token.
    Buffer.of(0, 0),
    varint(1 + payload.length + TAG_LENGTH),
    Buffer.of(0),
  ]);
  return protect(header, payload, secret);
}

/** RFC 9001 §5.3 and §5.4, for packet number 0 in one byte at the end of `header`. */
function protect(header: Buffer, payload: Buffer, secret: Buffer): Buffer {
  // The packet number, 0, changes nothing of the initialization vector.
  const cipher = createCipheriv('aes-128-gcm', expand(secret, 'quic key', 16), expand(secret, 'quic iv', 12));
  cipher.setAAD(header);
  const sealed = Buffer.concat([cipher.update(payload), cipher.final(), cipher.getAuthTag()]);
  const mask = createCipheriv('aes-128-ecb', expand(secret, 'quic hp', 16), null).update(
    sealed.subarray(SAMPLE_OFFSET, SAMPLE_OFFSET + SAMPLE_LENGTH),
  );
  const packet = Buffer.concat([header, sealed]);
  packet.writeUInt8(packet.readUInt8(0) ^ (mask.readUInt8(0) & 0x0f), 0);
  const number = header.length - 1;
  packet.writeUInt8(packet.readUInt8(number) ^ mask.readUInt8(1), number);
  return packet;
}

/** HKDF-Expand-Label (RFC 8446 §7.1) for up to 32 bytes. */
function expand(secret: Buffer, label: string, length: number): Buffer {
  const name = Buffer.from(`tls13 ${label}`);
  const info = Buffer.concat([Buffer.of(0, length, name.length), name, Buffer.of(0, 1)]);
  return hmac(secret, info).subarray(0, length);
}

function hmac(key: Buffer, data: Uint8Array): Buffer {
  return createHmac('sha256', key).update(data).digest();
}

function varint(value: number): Buffer {
  const bytes = Buffer.alloc(varintLength(value));
  writeVarint(bytes, 0, value);
  return bytes;
}
