import type { Buffer } from 'node:buffer';
import { Cursor } from '../bytes/cursor.ts';
import { isHandshake, isInitial, isLongHeader, type LongHeader, parseLongHeader } from './packet.ts';

/** Retry packets have no length, and nothing may follow them (RFC 9000 §17.2.5). */
const RETRY = 0x30;

/** Most packets that are taken apart: there are three kinds, and now and then two of one. */
const MOST = 6;

/**
 * Hands on the packets of a datagram one by one (RFC 9000 §12.2). The engine throws away all that stands behind a packet for which
 * it has no keys any more: a flight that is sent again, and the first requests behind an acknowledgment of the handshake.
 */
export function separately(datagram: Buffer, take: (packet: Buffer) => void): void {
  let rest = datagram;
  for (let count = 1; count < MOST; count++) {
    const length = longPacketLength(rest);
    if (length === undefined || length === rest.length) break;
    take(rest.subarray(0, length));
    rest = rest.subarray(length);
  }
  take(rest);
}

/** The token of an Initial packet (RFC 9000 §17.2.2), or `undefined` when it is cut off. */
export function initialToken(datagram: Buffer, header: LongHeader): Uint8Array | undefined {
  const cursor = new Cursor(behindHeader(datagram, header));
  const length = cursor.varint();
  return length === undefined ? undefined : cursor.take(length);
}

/**
 * Bytes of a datagram from its first Handshake packet on, which may stand behind packets of other types (RFC 9000
 * §12.2); 0 when there is none.
 */
export function handshakeBytes(datagram: Buffer): number {
  for (let rest = datagram; ; ) {
    if (isHandshake(rest)) return rest.length;
    const length = longPacketLength(rest);
    if (length === undefined) return 0;
    rest = rest.subarray(length);
  }
}

function longPacketLength(datagram: Buffer): number | undefined {
  const header = isLongHeader(datagram) ? parseLongHeader(datagram) : undefined;
  if (header === undefined || ((datagram[0] ?? 0) & 0x30) === RETRY) return undefined;
  const body = behindHeader(datagram, header);
  const cursor = new Cursor(body);
  if (isInitial(datagram) && cursor.take(cursor.varint() ?? Number.POSITIVE_INFINITY) === undefined) {
    return undefined;
  }
  const payload = cursor.varint();
  return payload === undefined || cursor.take(payload) === undefined
    ? undefined
    : datagram.length - body.length + cursor.offset;
}

function behindHeader(datagram: Buffer, { destination, source }: LongHeader): Buffer {
  return datagram.subarray(7 + destination.length + source.length);
}
