/** Which certificates the tunnel depends on, for the watch and the metrics. */
import type { X509Certificate } from 'node:crypto';
import { describeCertificate } from './config/certificate.ts';
import { certificatesIn, type Identity } from './config/identity.ts';
import type { Config } from './config/schema.ts';
import type { PeerFacts } from './proxy/contracts.ts';
import type { WatchedCertificate } from './system/certificate-watch.ts';

/**
 * Our own certificates, leaf first, then the authorities in `tls.ca`. The system's roots are left out: some of more
 * than a hundred are always about to expire, and it is the system's business to replace them.
 */
export function ownCertificates(tls: Config['tls'], identity: Identity): readonly WatchedCertificate[] {
  const authorities = tls.ca === undefined ? [] : certificatesIn(identity.ca);
  return [
    ...identity.certificates.map((certificate, index) => watched(index === 0 ? 'own' : 'chain', certificate)),
    ...authorities.map((certificate) => watched('ca', certificate)),
  ];
}

/** The certificates of peers that are connected. */
export const peerCertificates = (remotes: readonly PeerFacts[]): readonly WatchedCertificate[] =>
  remotes.flatMap(({ certificate }) =>
    certificate === undefined ? [] : [{ whose: 'peer', ...certificate }],
  );

function watched(whose: WatchedCertificate['whose'], certificate: X509Certificate): WatchedCertificate {
  const { subject, notAfter } = describeCertificate(certificate);
  return { whose, subject, fingerprint: certificate.fingerprint256, notAfter: notAfter.getTime() };
}
