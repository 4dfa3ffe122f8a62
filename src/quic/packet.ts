import { Buffer } from 'node:buffer';

/**
 * The version-independent part of QUIC packets (RFC 8999), as much as routing a datagram takes.
 *
 *     Long header:  1 form | 7 bits | version (32) | DCID length (8) | DCID | SCID length (8) | SCID | …
 *     Short header: 0 form | 7 bits | DCID (of the length that its receiver chose) | …
 */

/** Length of the connection IDs that a server chooses. */
export const CONNECTION_ID_LENGTH = 16;

/** QUIC version 1 (RFC 9000 §15). */
export const VERSION_1 = 1;

/** A client's first datagrams carry at least this many bytes (RFC 9000 §14.1). */
export const MIN_INITIAL_DATAGRAM = 1200;

/** Connection IDs are up to 20 bytes in version 1; other versions may have more (RFC 8999 §5.1). */
const MAX_CONNECTION_ID_LENGTH_V1 = 20;

/** Types of long-header packets in version 1 (RFC 9000 §17.2). */
const INITIAL = 0;
const HANDSHAKE = 2;

export interface LongHeader {
  readonly version: number;
  readonly destination: Uint8Array;
  readonly source: Uint8Array;
}

export function isLongHeader(datagram: Uint8Array): boolean {
  return ((datagram[0] ?? 0) & 0x80) !== 0;
}

/** Whether the first packet of a version 1 datagram is an Initial packet. */
export function isInitial(datagram: Uint8Array): boolean {
  return longPacketType(datagram) === INITIAL;
}

/** Whether the first packet of a version 1 datagram is a Handshake packet. */
export function isHandshake(datagram: Uint8Array): boolean {
  return longPacketType(datagram) === HANDSHAKE;
}

function longPacketType(datagram: Uint8Array): number | undefined {
  const first = datagram[0] ?? 0;
  return (first & 0x80) === 0 ? undefined : (first & 0x30) >> 4;
}

/** Reads the long header at the start of `datagram`, or gives `undefined` when it is malformed or truncated. */
export function parseLongHeader(datagram: Buffer): LongHeader | undefined {
  if (datagram.length < 7) return undefined;
  const version = datagram.readUInt32BE(1);
  const destination = connectionIdAt(datagram, 5);
  if (destination === undefined) return undefined;
  const source = connectionIdAt(datagram, 6 + destination.length);
  if (source === undefined) return undefined;
  const tooLong = Math.max(destination.length, source.length) > MAX_CONNECTION_ID_LENGTH_V1;
  if (version === VERSION_1 && tooLong) return undefined;
  return { version, destination, source };
}

function connectionIdAt(datagram: Buffer, offset: number): Buffer | undefined {
  const length = datagram[offset];
  if (length === undefined || offset + 1 + length > datagram.length) return undefined;
  return datagram.subarray(offset + 1, offset + 1 + length);
}

/** The key under which a connection ID is looked up. */
export function connectionKey(connectionId: Uint8Array): string {
  return Buffer.from(connectionId.buffer, connectionId.byteOffset, connectionId.length).toString('latin1');
}

/** The key of the destination connection ID in a short header, or `undefined` when the datagram is too short. */
export function shortHeaderKey(datagram: Buffer): string | undefined {
  if (datagram.length <= CONNECTION_ID_LENGTH) return undefined;
  return datagram.toString('latin1', 1, 1 + CONNECTION_ID_LENGTH);
}
