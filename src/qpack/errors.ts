/** The decoder could not interpret an encoded field section (RFC 9204 §6). */
export const QPACK_DECOMPRESSION_FAILED = 0x200;
/** The decoder could not interpret an instruction on the encoder stream (RFC 9204 §6). */
export const QPACK_ENCODER_STREAM_ERROR = 0x201;
/** The encoder could not interpret an instruction on the decoder stream (RFC 9204 §6). */
export const QPACK_DECODER_STREAM_ERROR = 0x202;

export type QpackErrorCode =
  | typeof QPACK_DECOMPRESSION_FAILED
  | typeof QPACK_ENCODER_STREAM_ERROR
  | typeof QPACK_DECODER_STREAM_ERROR;

/** The peer broke a rule of QPACK. Always the end of the connection: the two ends no longer agree on the tables. */
export class QpackError extends Error {
  override readonly name = 'QpackError';
  /** What the peer must see in CONNECTION_CLOSE. */
  readonly code: QpackErrorCode;

  constructor(code: QpackErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}
