/** Certificates that are about to expire: both ends say so, of their own and of each other's, until there are new ones. */
import { copyFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { type IdentityFiles, Pki, temporaryFolder } from '../support/certificates.ts';
import { tunnel } from './ends.fixture.ts';

const inDays = (days: number): { notAfter: Date } => ({ notAfter: new Date(Date.now() + days * 86_400_000) });

/** Files that a reload reads again. */
class TlsFiles {
  readonly ca: string;
  readonly cert = join(temporaryFolder(), 'cert.pem');
  readonly key = join(temporaryFolder(), 'key.pem');

  constructor(pki: Pki, identity: IdentityFiles) {
    this.ca = pki.ca;
    this.present(identity);
  }

  present({ cert, key }: IdentityFiles): void {
    copyFileSync(cert, this.cert);
    copyFileSync(key, this.key);
  }

  get config() {
    return { tls: { ca: this.ca, cert: this.cert, key: this.key } };
  }
}

describe('certificates that are about to expire', () => {
  it('are warned about at both ends, until a reload brings others', async () => {
    const pki = await Pki.create('short-lived', inDays(20.5));
    const [old, renewed] = [await pki.client(inDays(3.5)), await pki.client(inDays(6.5))];
    const client = new TlsFiles(pki, old);
    const server = new TlsFiles(pki, await pki.server(inDays(60)));
    const pair = await tunnel(1, { client: { config: client.config }, server: { config: server.config } });
    const [ours, theirs] = [pair.client.process, pair.server.process];
    await ours.waitForLog(/our certificate expires in 3 days \(CN=foo\.example\.org, .*tls\.cert/);
    await ours.waitForLog(/an authority in tls\.ca expires in 20 days/);
    await theirs.waitForLog(/the peer's certificate expires in 3 days \(CN=foo\.example\.org, /);

    const [seenHere, seenThere] = [ours.lines.length, theirs.lines.length];
    client.present(renewed);
    ours.signal('SIGHUP');
    await ours.waitForLog(/our certificate expires in 6 days/, seenHere);
    await theirs.waitForLog(/the peer's certificate expires in 6 days/, seenThere);
    const warnings = [...ours.lines, ...theirs.lines].filter((line) => line.includes(' expires in '));
    expect(warnings).toHaveLength(6);
  });
});
