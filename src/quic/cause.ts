import { Buffer } from 'node:buffer';
import { BAD_CERTIFICATE, describeTransportError, INTERNAL_ERROR } from './close-reason.ts';
import type { EngineConnection } from './native.ts';
import { certificateMismatch } from './peer-name.ts';
import type { QuicClose } from './port.ts';

/** Longest reason of a peer's that is passed on, characters. */
const REASON_LENGTH = 200;

/** The reason of an attempt to connect that never heard anything. */
export const NO_ANSWER = 'no answer';

interface EngineError {
  readonly isApp: boolean;
  readonly errorCode: number;
  readonly reason: Uint8Array;
}

/**
 * Why the engine ended a connection. `idle` is the sentence for a time-out, `peerName` whom the certificate should
 * have named.
 */
export function closeCause(engine: EngineConnection, peerName: string, idle: string): QuicClose {
  const remote = engine.peerError();
  if (remote !== null) return describe('remote', remote, printable(remote.reason));
  const local = engine.localError();
  if (local !== null) return describe('local', local, localDetail(engine, local, peerName));
  if (engine.isEstablished() && engine.isClosed() && !engine.isTimedOut()) return STATELESS_RESET;
  return { source: 'idle', space: 'transport', code: 0, reason: idle };
}

/** The engine closes without an error only for a stateless reset (RFC 9000 §10.3). */
const STATELESS_RESET: QuicClose = {
  source: 'remote',
  space: 'transport',
  code: INTERNAL_ERROR,
  reason: 'the peer knows nothing of this connection any more: it was restarted, or gave the connection up',
};

function describe(source: 'local' | 'remote', error: EngineError, detail: string): QuicClose {
  const code = error.errorCode;
  if (!error.isApp) {
    return { source, space: 'transport', code, reason: describeTransportError(code, source, detail) };
  }
  const reason = detail === '' ? `application code 0x${code.toString(16)}` : detail;
  return { source, space: 'application', code, reason };
}

function localDetail(engine: EngineConnection, error: EngineError, peerName: string): string {
  const given = printable(error.reason);
  if (given !== '' || error.isApp || error.errorCode !== BAD_CERTIFICATE) return given;
  return certificateMismatch(engine.peerCertChain()?.[0], peerName) ?? '';
}

/** A text from the wire, made fit for a log line. */
function printable(bytes: Uint8Array): string {
  return Buffer.from(bytes.subarray(0, REASON_LENGTH))
    .toString('utf8')
    .replace(/[^\x20-\x7e]/g, '?');
}
