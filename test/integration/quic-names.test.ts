/** Names in certificates, of which each end wants the one in peer_hostname. */
import { X509Certificate } from 'node:crypto';
import { describe, expect, it } from 'vitest';
import { createAuthority, issueCertificate } from '../../src/demo/certificates.ts';
import { certificateMismatch } from '../../src/quic/peer-name.ts';

const authority = await createAuthority('ptproxy tests');

async function certificateFor(...names: [string, ...string[]]): Promise<Uint8Array> {
  const { certificate } = await issueCertificate(authority, { names, usage: 'server' });
  return new X509Certificate(certificate).raw;
}

describe('the name in a certificate', () => {
  it.each([
    ['foo.example.org', 'foo.example.org'],
    ['FOO.example.ORG', 'foo.example.org'],
    ['foo.example.org', '*.example.org'],
    ['192.0.2.7', '192.0.2.7'],
    ['2001:db8::7', '2001:db8::7'],
    ['2001:0db8:0:0:0:0:0:7', '2001:db8::7'],
  ])('%s is found as %s, also as the second one', async (wanted, carried) => {
    expect(certificateMismatch(await certificateFor(carried), wanted)).toBeUndefined();
    expect(certificateMismatch(await certificateFor('first.test', carried), wanted)).toBeUndefined();
  });

  it.each([
    ['foo.example.org', 'bar.example.org'],
    ['example.org', '*.example.org'],
    ['a.foo.example.org', '*.example.org'],
    ['foo.example.org', '*.org'],
    ['192.0.2.7', '192.0.2.8'],
    ['192.0.2.7', '*.0.2.7'],
    ['2001:db8::7', '2001:db8::8'],
  ])('%s is not found where there is %s', async (wanted, carried) => {
    const mismatch = certificateMismatch(await certificateFor(carried), wanted);
    expect(mismatch).toMatch(`expected ${wanted}, found `);
  });

  it('is looked for among the alternative names alone, not in the subject', async () => {
    const { certificate } = await issueCertificate(authority, { names: ['alt.test'], usage: 'server' });
    expect(certificateMismatch(new X509Certificate(certificate).raw, 'alt.test')).toBeUndefined();
    const root = new X509Certificate((await createAuthority('foo.example.org')).certificate);
    expect(certificateMismatch(root.raw, 'foo.example.org')).toMatch(/^expected foo\.example\.org, found /);
  });

  it('is missing where there is no certificate, or one that cannot be read', () => {
    expect(certificateMismatch(undefined, 'foo.example.org')).toBe('no certificate was presented');
    expect(certificateMismatch(Buffer.from('junk'), 'foo.example.org')).toBe(
      'the certificate cannot be read',
    );
  });
});
