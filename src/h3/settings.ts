import { Cursor } from '../bytes/cursor.ts';
import { varintLength, writeVarint } from '../bytes/varint.ts';
import { Code } from './codes.ts';
import { connectionError } from './errors.ts';
import { encodeFrame, FrameType } from './frames.ts';

/** Settings that we understand (RFC 9114 §7.2.4.1, RFC 9204 §5, RFC 9220 §3). */
export interface Settings {
  /** Bytes that a field section may come to, with 32 for each line; Infinity when the peer names none. */
  readonly maxFieldSectionSize: number;
  /** Bytes of dynamic table that the decoder offers. */
  readonly qpackMaxTableCapacity: number;
  /** Streams that the decoder lets wait for the encoder stream. */
  readonly qpackBlockedStreams: number;
  /** Whether the server takes extended CONNECT. Of a client it says nothing (RFC 8441 §3). */
  readonly enableConnectProtocol: boolean;
  /** Settings that HTTP/3 knows nothing of, by identifier (RFC 9114 §7.2.4.1, §9); none unless given. */
  readonly others?: ReadonlyMap<number, number>;
}

const Id = {
  QPACK_MAX_TABLE_CAPACITY: 0x01,
  MAX_FIELD_SECTION_SIZE: 0x06,
  QPACK_BLOCKED_STREAMS: 0x07,
  ENABLE_CONNECT_PROTOCOL: 0x08,
} as const;

/** Reserved because HTTP/2 used them otherwise (RFC 9114 §7.2.4.1). */
const FORBIDDEN: readonly number[] = [0x00, 0x02, 0x03, 0x04, 0x05];

/** A whole SETTINGS frame. Defaults are left out: 0, and no limit for field sections. */
export function encodeSettings(settings: Settings): Uint8Array {
  const pairs: number[] = [];
  if (Number.isFinite(settings.maxFieldSectionSize)) {
    pairs.push(Id.MAX_FIELD_SECTION_SIZE, settings.maxFieldSectionSize);
  }
  if (settings.qpackMaxTableCapacity > 0) {
    pairs.push(Id.QPACK_MAX_TABLE_CAPACITY, settings.qpackMaxTableCapacity);
  }
  if (settings.qpackBlockedStreams > 0) pairs.push(Id.QPACK_BLOCKED_STREAMS, settings.qpackBlockedStreams);
  if (settings.enableConnectProtocol) pairs.push(Id.ENABLE_CONNECT_PROTOCOL, 1);
  for (const [id, value] of settings.others ?? []) pairs.push(id, value);
  return encodeFrame(FrameType.SETTINGS, encodeIntegers(pairs));
}

/**
 * Reads the payload of a SETTINGS frame; what is unknown is left to who may know it.
 * Throws H3_FRAME_ERROR when it is cut, H3_SETTINGS_ERROR for a forbidden or repeated identifier or a value that the
 * setting cannot have.
 */
export function parseSettings(payload: Uint8Array): Settings {
  const values = new Map<number, number>();
  const cursor = new Cursor(payload);
  while (cursor.remaining > 0) {
    const id = cursor.varint();
    const value = cursor.varint();
    if (id === undefined || value === undefined) {
      throw connectionError(Code.H3_FRAME_ERROR, 'SETTINGS end inside a setting');
    }
    if (FORBIDDEN.includes(id) || values.has(id)) {
      throw connectionError(Code.H3_SETTINGS_ERROR, `setting 0x${id.toString(16)} is reserved or repeated`);
    }
    values.set(id, value);
  }
  return {
    maxFieldSectionSize: values.get(Id.MAX_FIELD_SECTION_SIZE) ?? Number.POSITIVE_INFINITY,
    qpackMaxTableCapacity: values.get(Id.QPACK_MAX_TABLE_CAPACITY) ?? 0,
    qpackBlockedStreams: values.get(Id.QPACK_BLOCKED_STREAMS) ?? 0,
    enableConnectProtocol: flag(values.get(Id.ENABLE_CONNECT_PROTOCOL) ?? 0),
    others: without(values, Object.values(Id)),
  };
}

function without(values: ReadonlyMap<number, number>, known: readonly number[]): ReadonlyMap<number, number> {
  return new Map([...values].filter(([id]) => !known.includes(id)));
}

// RFC 8441 §3
function flag(value: number): boolean {
  if (value > 1) {
    throw connectionError(Code.H3_SETTINGS_ERROR, `SETTINGS_ENABLE_CONNECT_PROTOCOL is ${value}, not 0 or 1`);
  }
  return value === 1;
}

function encodeIntegers(values: readonly number[]): Uint8Array {
  const bytes = new Uint8Array(values.reduce((length, value) => length + varintLength(value), 0));
  let offset = 0;
  for (const value of values) offset = writeVarint(bytes, offset, value);
  return bytes;
}
