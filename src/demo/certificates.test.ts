import { createPrivateKey, X509Certificate } from 'node:crypto';
import { type AddressInfo, isIP } from 'node:net';
import { connect, createServer, type PeerCertificate, type TLSSocket } from 'node:tls';
import { beforeAll, describe, expect, it } from 'vitest';
import { type Authority, createAuthority, type Identity, issueCertificate } from './certificates.ts';

let authority: Authority;

beforeAll(async () => {
  authority = await createAuthority('Test Root');
});

describe('issueCertificate', () => {
  it('signs with the authority and carries DNS and IP names', async () => {
    const { certificate } = await issueCertificate(authority, {
      names: ['bar.example.org', 'other.example.org', '127.0.0.1', '::1'],
      usage: 'server',
    });
    const leaf = new X509Certificate(certificate);
    const root = new X509Certificate(authority.certificate);
    expect(leaf.checkIssued(root)).toBe(true);
    expect(leaf.verify(root.publicKey)).toBe(true);
    expect(root.ca).toBe(true);
    expect(leaf.ca).toBe(false);
    expect(leaf.checkHost('bar.example.org')).toBe('bar.example.org');
    expect(leaf.checkHost('other.example.org')).toBe('other.example.org');
    expect(leaf.checkHost('wrong.example.org')).toBeUndefined();
    expect(leaf.checkIP('127.0.0.1')).toBe('127.0.0.1');
    expect(leaf.checkIP('::1')).toBe('::1');
  });

  it('marks what the certificate is for', async () => {
    const client = await issueCertificate(authority, { names: ['foo.example.org'], usage: 'client' });
    const server = await issueCertificate(authority, { names: ['bar.example.org'], usage: 'server' });
    expect(new X509Certificate(client.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.2']);
    expect(new X509Certificate(server.certificate).keyUsage).toEqual(['1.3.6.1.5.5.7.3.1']);
  });

  it('takes the dates that it is given', async () => {
    const notBefore = new Date('2020-01-01T00:00:00Z');
    const notAfter = new Date('2020-02-01T00:00:00Z');
    const { certificate } = await issueCertificate(authority, {
      names: ['foo.example.org'],
      usage: 'client',
      notBefore,
      notAfter,
    });
    const leaf = new X509Certificate(certificate);
    expect(new Date(leaf.validFrom)).toEqual(notBefore);
    expect(new Date(leaf.validTo)).toEqual(notAfter);
  });

  it.each([
    ['ECDSA', 'ec'],
    ['RSA', 'rsa'],
    ['Ed25519', 'ed25519'],
  ] as const)('makes %s keys that fit the certificate', async (keyType, name) => {
    const identity = await issueCertificate(authority, {
      names: ['foo.example.org'],
      usage: 'client',
      keyType,
    });
    const key = createPrivateKey(identity.key);
    expect(key.asymmetricKeyType).toBe(name);
    expect(new X509Certificate(identity.certificate).checkPrivateKey(key)).toBe(true);
  });
});

describe('a mutual TLS handshake', () => {
  it.each(['bar.example.org', '127.0.0.1'])(
    'succeeds between two leaves of one authority as %s',
    async (name) => {
      const server = await issueCertificate(authority, { names: [name], usage: 'server' });
      const client = await issueCertificate(authority, { names: ['foo.example.org'], usage: 'client' });
      const peer = await handshake(server, client, name);
      expect(peer.subject.CN).toBe('foo.example.org');
    },
  );

  it('fails when the client comes from another authority', async () => {
    const other = await createAuthority('Test Root');
    const server = await issueCertificate(authority, { names: ['bar.example.org'], usage: 'server' });
    const client = await issueCertificate(other, { names: ['foo.example.org'], usage: 'client' });
    await expect(handshake(server, client, 'bar.example.org')).rejects.toThrow();
  });
});

/** The client's certificate as a TLS server saw it. */
async function handshake(server: Identity, client: Identity, name: string): Promise<PeerCertificate> {
  const listener = createServer({
    ca: authority.certificate,
    cert: server.certificate,
    key: server.key,
    requestCert: true,
    rejectUnauthorized: true,
  });
  const accepted = new Promise<PeerCertificate>((resolve, reject) => {
    listener.on('secureConnection', (socket: TLSSocket) => resolve(socket.getPeerCertificate()));
    listener.on('tlsClientError', reject);
  });
  await new Promise<void>((resolve) => listener.listen(0, '127.0.0.1', resolve));
  const socket = connect({
    host: '127.0.0.1',
    port: (listener.address() as AddressInfo).port,
    ca: authority.certificate,
    cert: client.certificate,
    key: client.key,
    ...(isIP(name) ? {} : { servername: name }),
  });
  const failed = new Promise<never>((_, reject) => socket.on('error', reject));
  try {
    return await Promise.race([accepted, failed]);
  } finally {
    failed.catch(() => undefined);
    accepted.catch(() => undefined);
    socket.destroy();
    listener.close();
  }
}
