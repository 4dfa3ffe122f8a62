import { CRYPTO_ERROR, INTERNAL_ERROR, isAboutCertificate, NO_ERROR } from './close-reason.ts';
import type { QuicClose } from './port.ts';

/**
 * Kinds of failure, few enough to be counted apart. `address`: the peer's name does not resolve, or no socket can reach
 * it; `silence`: no answer, or none any more; `certificate`, `tls`: one end refused the other; `transport`, `http3`: a
 * breach of the protocol, or a reason of the peer's own; `internal`: the fault is ours.
 */
export type FailureClass = 'address' | 'silence' | 'certificate' | 'tls' | 'transport' | 'http3' | 'internal';

/** H3_NO_ERROR (RFC 9114 §8.1): the codes of the application are those of HTTP/3. */
const H3_NO_ERROR = 0x100;

/** What kind of failure the end of a connection is; `undefined` for an orderly end. */
export function failureClass({ source, space, code }: QuicClose): FailureClass | undefined {
  if (source === 'idle') return 'silence';
  if (space === 'application') return code === H3_NO_ERROR ? undefined : 'http3';
  if (isAboutCertificate(code)) return 'certificate';
  if (code >= CRYPTO_ERROR && code < CRYPTO_ERROR + 0x100) return 'tls';
  if (code === INTERNAL_ERROR && source === 'local') return 'internal';
  return code === NO_ERROR ? undefined : 'transport';
}
