import type { X509Certificate } from 'node:crypto';
import type { Mode } from './key.ts';

/** What a person wants to know of a certificate. */
export interface CertificateFacts {
  readonly subject: string;
  readonly issuer: string;
  /** The names that the other end can ask for (RFC 9525 §4.1): subject alternative names, such as `DNS:a.example`. */
  readonly names: readonly string[];
  readonly notBefore: Date;
  readonly notAfter: Date;
}

export function describeCertificate(certificate: X509Certificate): CertificateFacts {
  return {
    subject: oneLine(certificate.subject) || '(no subject)',
    issuer: oneLine(certificate.issuer) || '(no issuer)',
    names: certificate.subjectAltName?.split(', ') ?? [],
    notBefore: new Date(certificate.validFrom),
    notAfter: new Date(certificate.validTo),
  };
}

/** Why the certificate does not hold at `now`, or `undefined`. */
export function whyNotValidAt(certificate: X509Certificate, now: Date): string | undefined {
  const { subject, notBefore, notAfter } = describeCertificate(certificate);
  const date = now.toISOString();
  if (now < notBefore) {
    return `the certificate of ${subject} is not valid before ${notBefore.toISOString()}; now is ${date}`;
  }
  if (now > notAfter) {
    return `the certificate of ${subject} expired at ${notAfter.toISOString()}; now is ${date}`;
  }
  return undefined;
}

const USAGES = {
  Client: { oid: '1.3.6.1.5.5.7.3.2', name: 'clientAuth' },
  Server: { oid: '1.3.6.1.5.5.7.3.1', name: 'serverAuth' },
};
const ANY_USAGE = '2.5.29.37.0';

/** Why the certificate may not be used in `mode`, or `undefined` (RFC 5280 §4.2.1.12: without the extension, it may). */
export function whyNotUsableIn(certificate: X509Certificate, mode: Mode): string | undefined {
  // Node names the extended key usages so.
  const usages: readonly string[] | undefined = certificate.keyUsage;
  const { oid, name } = USAGES[mode];
  if (usages === undefined || usages.includes(oid) || usages.includes(ANY_USAGE)) return undefined;
  const hint = mode === 'Client' ? ' (mkcert adds it with -client)' : '';
  return `found no ${name} in its extended key usage; allowed in mode "${mode}" is a certificate with it${hint} or without the extension`;
}

/** Whether `issuer` signed `certificate`. */
export function isIssuedBy(certificate: X509Certificate, issuer: X509Certificate): boolean {
  return certificate.checkIssued(issuer) && certificate.verify(issuer.publicKey);
}

/** The authority that the chain (leaf first) leads to, or `undefined`. */
export function findAnchor(
  chain: readonly X509Certificate[],
  authorities: readonly X509Certificate[],
): X509Certificate | undefined {
  for (const [index, certificate] of chain.entries()) {
    const anchor = authorities.find(
      (authority) =>
        authority.fingerprint256 === certificate.fingerprint256 || isIssuedBy(certificate, authority),
    );
    if (anchor !== undefined) return anchor;
    const issuer = chain[index + 1];
    if (issuer === undefined || !isIssuedBy(certificate, issuer)) return undefined;
  }
  return undefined;
}

const oneLine = (name: string | undefined): string => (name ?? '').split('\n').join(', ');
