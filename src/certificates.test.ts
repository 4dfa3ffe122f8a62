import { describe, expect, it } from 'vitest';
import { Pki } from '../test/support/certificates.ts';
import { ownCertificates, peerCertificates } from './certificates.ts';
import { loadIdentity } from './config/identity.ts';

const DATE = new Date('2030-01-06T00:00:00Z');

describe('the certificates that count', () => {
  it('are our own and the authorities that we name', async () => {
    const pki = await Pki.create('ours', { notAfter: new Date('2031-01-01T00:00:00Z') });
    const tls = { skip_verify: false, ca: pki.ca, ...(await pki.client({ notAfter: DATE })) };
    const own = ownCertificates(tls, loadIdentity(tls));
    expect(own.map(({ whose, subject, notAfter }) => [whose, subject, notAfter])).toEqual([
      ['own', 'CN=foo.example.org', DATE.getTime()],
      ['ca', 'CN=ours', Date.UTC(2031, 0, 1)],
    ]);
  });

  it("are not the system's authorities, which are the system's business", async () => {
    const pki = await Pki.create();
    const tls = { skip_verify: false, ca: undefined, ...(await pki.client()) };
    expect(ownCertificates(tls, loadIdentity(tls)).map(({ whose }) => whose)).toEqual(['own']);
  });

  it('are those of the peers that are connected', () => {
    const certificate = { subject: 'CN=bar', fingerprint: 'AA', notAfter: 5 };
    const remotes = [
      { connection: 1, certificate, contract: undefined },
      { connection: 2, certificate: undefined, contract: undefined },
    ];
    expect(peerCertificates(remotes)).toEqual([{ whose: 'peer', ...certificate }]);
  });
});
