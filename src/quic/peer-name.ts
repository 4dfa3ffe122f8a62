import { X509Certificate } from 'node:crypto';
import { isIP } from 'node:net';

/** What is wrong with a certificate (DER) for a peer that has to be called `name`; `undefined` when nothing is. */
export function certificateMismatch(der: Uint8Array | undefined, name: string): string | undefined {
  if (der === undefined) return 'no certificate was presented';
  const certificate = parse(der);
  if (certificate === undefined) return 'the certificate cannot be read';
  // The subject is not a place for names (RFC 9525 §2): the engine does not look there either.
  const carries =
    isIP(name) === 0 ? certificate.checkHost(name, { subject: 'never' }) : certificate.checkIP(name);
  if (carries !== undefined) return undefined;
  return `expected ${name}, found ${certificate.subjectAltName ?? certificate.subject.replaceAll('\n', ', ')}`;
}

/** What is told of a leaf certificate. */
export interface LeafFacts {
  readonly subject: string;
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string;
  /** When it expires, milliseconds since 1970. */
  readonly notAfter: number;
}

/** The facts of a certificate (DER); `undefined` when there is none, or it cannot be read. */
export function leafFacts(der: Uint8Array | undefined): LeafFacts | undefined {
  const certificate = der && parse(der);
  if (certificate === undefined) return undefined;
  return {
    subject: certificate.subject?.replaceAll('\n', ', ') ?? '(no subject)',
    fingerprint: certificate.fingerprint256,
    notAfter: Date.parse(certificate.validTo),
  };
}

function parse(der: Uint8Array): X509Certificate | undefined {
  try {
    return new X509Certificate(der);
  } catch {
    return undefined;
  }
}
