import { Buffer } from 'node:buffer';
import { varintLength, writeVarint } from '../bytes/varint.ts';

/** Frame types (RFC 9114 §7.2). */
export const FrameType = {
  DATA: 0x00,
  HEADERS: 0x01,
  CANCEL_PUSH: 0x03,
  SETTINGS: 0x04,
  PUSH_PROMISE: 0x05,
  GOAWAY: 0x07,
  MAX_PUSH_ID: 0x0d,
} as const;

/** Types of HTTP/2 frames that HTTP/3 forbids (§7.2.8): PRIORITY, PING, WINDOW_UPDATE, CONTINUATION. */
const HTTP2_ONLY: readonly number[] = [0x02, 0x06, 0x08, 0x09];

const NAMES = new Map<number, string>(Object.entries(FrameType).map(([name, type]) => [type, name]));

/**
 * What a frame type is to us: defined by RFC 9114, forbidden everywhere, or unknown (reserved, or of an extension),
 * which is to be ignored (§9).
 */
export function frameKind(type: number): 'known' | 'forbidden' | 'unknown' {
  if (NAMES.has(type)) return 'known';
  return HTTP2_ONLY.includes(type) ? 'forbidden' : 'unknown';
}

/** A frame type for people. */
export const frameName = (type: number): string => NAMES.get(type) ?? `frame 0x${type.toString(16)}`;

/**
 * A whole frame (§7.1):
 *
 *     Type (i), Length (i), Frame Payload (..)
 */
export function encodeFrame(type: number, payload: Uint8Array): Uint8Array {
  const headerLength = varintLength(type) + varintLength(payload.length);
  const frame = Buffer.allocUnsafe(headerLength + payload.length);
  writeVarint(frame, writeVarint(frame, 0, type), payload.length);
  frame.set(payload, headerLength);
  return frame;
}

/** Type and Length alone, for a payload that is written on its own. */
export function encodeFrameHeader(type: number, payloadLength: number): Uint8Array {
  const header = Buffer.allocUnsafe(varintLength(type) + varintLength(payloadLength));
  writeVarint(header, writeVarint(header, 0, type), payloadLength);
  return header;
}

/** A frame whose payload is one integer: GOAWAY, CANCEL_PUSH, MAX_PUSH_ID. */
export function encodeIntegerFrame(type: number, value: number): Uint8Array {
  const payload = new Uint8Array(varintLength(value));
  writeVarint(payload, 0, value);
  return encodeFrame(type, payload);
}
