/** The error codes of HTTP/3 (RFC 9114 §8.1). They go into RESET_STREAM, STOP_SENDING and CONNECTION_CLOSE. */
export const Code = {
  /** No error: a close or an early stop that is in order. */
  H3_NO_ERROR: 0x100,
  H3_GENERAL_PROTOCOL_ERROR: 0x101,
  H3_INTERNAL_ERROR: 0x102,
  H3_STREAM_CREATION_ERROR: 0x103,
  H3_CLOSED_CRITICAL_STREAM: 0x104,
  H3_FRAME_UNEXPECTED: 0x105,
  H3_FRAME_ERROR: 0x106,
  H3_EXCESSIVE_LOAD: 0x107,
  H3_ID_ERROR: 0x108,
  H3_SETTINGS_ERROR: 0x109,
  H3_MISSING_SETTINGS: 0x10a,
  /** A server did nothing with the request: it may be sent again. */
  H3_REQUEST_REJECTED: 0x10b,
  H3_REQUEST_CANCELLED: 0x10c,
  H3_REQUEST_INCOMPLETE: 0x10d,
  H3_MESSAGE_ERROR: 0x10e,
  H3_CONNECT_ERROR: 0x10f,
  H3_VERSION_FALLBACK: 0x110,
} as const;

// RFC 9204 §6; raised by qpack/, named here for people.
const QPACK_CODES = {
  QPACK_DECOMPRESSION_FAILED: 0x200,
  QPACK_ENCODER_STREAM_ERROR: 0x201,
  QPACK_DECODER_STREAM_ERROR: 0x202,
} as const;

const NAMES = new Map<number, string>(
  Object.entries({ ...Code, ...QPACK_CODES }).map(([name, code]) => [code, name]),
);

/** `H3_MESSAGE_ERROR (0x10e)`; of a code that nobody has named only the number. */
export function describe(code: number): string {
  const name = NAMES.get(code);
  const hex = `0x${code.toString(16)}`;
  return name === undefined ? hex : `${name} (${hex})`;
}

/** Whether RFC 9114 or RFC 9204 define the code. */
export function isKnownCode(code: number): boolean {
  return NAMES.has(code);
}
