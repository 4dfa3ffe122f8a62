import { Rejection } from './failures.ts';

/** An error of the front's HTTP/1.1 parser or of the socket under it, as node:http tells of them. */
export interface ParserError extends Error {
  readonly code?: string;
  readonly reason?: string;
  readonly rawPacket?: Buffer;
  /** Where in the packet the parser stopped. */
  readonly bytesParsed?: number;
}

/**
 * What is answered to what llhttp refuses: a Rejection; `close`, when nobody is there to read one; `ignore`, for bytes
 * behind a request that was to be the last. `bytesRead`: of the connection so far.
 */
export function parserRejection(error: ParserError, bytesRead: number): Rejection | 'close' | 'ignore' {
  switch (error.code) {
    case 'HPE_CLOSED_CONNECTION':
      return 'ignore';
    case 'HPE_INVALID_EOF_STATE':
      return 'close';
    case 'ERR_HTTP_REQUEST_TIMEOUT':
      return bytesRead === 0 ? 'close' : new Rejection(408, 'the request takes too long');
    case 'HPE_HEADER_OVERFLOW':
      return isRequestLine(error, bytesRead)
        ? new Rejection(414, 'request target too long')
        : new Rejection(431, 'header fields too large');
    case 'HPE_CHUNK_EXTENSIONS_OVERFLOW':
      return new Rejection(400, 'chunk extensions too large');
    case 'HPE_PAUSED_H2_UPGRADE':
      return new Rejection(505, 'HTTP version not supported');
    case 'HPE_INVALID_VERSION':
      return error.reason === 'Invalid HTTP version'
        ? new Rejection(505, 'HTTP version not supported')
        : malformed(error);
    default:
      return error.code?.startsWith('HPE_') ? malformed(error) : 'close';
  }
}

const malformed = (error: ParserError): Rejection =>
  new Rejection(400, `malformed request: ${error.reason ?? error.code ?? 'unknown'}`);

// Whether it was the first line of the connection that grew too long, as far as one packet tells.
function isRequestLine({ rawPacket, bytesParsed = 0 }: ParserError, bytesRead: number): boolean {
  if (rawPacket === undefined || rawPacket.length !== bytesRead) return false;
  return !rawPacket.subarray(0, bytesParsed).includes('\n');
}
