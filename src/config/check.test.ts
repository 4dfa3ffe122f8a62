import { rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertificateMaker, type Issued } from './certificates.fixture.ts';
import { type CheckResult, checkConfiguration } from './check.ts';

const maker = new CertificateMaker();
let ca: Issued;
let host: Issued;
beforeAll(() => {
  ca = maker.authority('ca');
  host = maker.host('foo.example.org', ca, 'extendedKeyUsage=clientAuth');
});
afterAll(() => rmSync(maker.folder, { recursive: true }));

interface Given {
  readonly mode?: 'Client' | 'Server';
  readonly ca?: Issued;
  readonly host?: Issued;
  readonly more?: string;
  readonly now?: Date;
}

function check(given: Given = {}): CheckResult {
  const { cert, key } = given.host ?? host;
  const mode = given.mode ?? 'Client';
  const file = join(maker.folder, 'config.toml');
  writeFileSync(
    file,
    `[general]
mode = "${mode}"
peer_hostname = "bar.example.org"
${mode === 'Client' ? '' : 'http_connect_address = "localhost:80"'}
[tls]
ca = "${(given.ca ?? ca).cert}"
cert = "${cert}"
key = "${key}"
[transport]
${given.more ?? ''}
`,
  );
  return checkConfiguration(file, {}, given.now);
}

describe('a check', () => {
  it('prints the values that count, and which of them are defaults', () => {
    const { ok, report } = check({ more: 'initial_rtt = 150' });
    expect(ok).toBe(true);
    expect(report).toContain('  initial_rtt = 150\n');
    expect(report).toContain('  initial_window = 14720  # default\n');
    expect(report).toContain('  http_bind_address = "[::]:20080"  # default\n');
    expect(report).toContain('  # request_timeout: no limit (default)\n');
    expect(report).toContain('  # metrics_bind_address: not served (default)\n');
    expect(report).not.toContain('allow_from');
  });

  it('prints the names, the dates and the authority of our certificate', () => {
    const { report } = check();
    expect(report).toContain('  1. CN=foo.example.org, issued by CN=ca\n     names: DNS:foo.example.org\n');
    expect(report).toMatch(/ {5}valid \S+Z to \S+Z \((29|30) days left\)\n/);
    expect(report).toContain('  leads to CN=ca in tls.ca');
  });

  it('says what initial_window comes to at initial_rtt', () => {
    const { report } = check({ more: 'initial_rtt = 150\ninitial_window = 562500' });
    expect(report).toContain('3,750,000 bytes/s (30.00 Mbit/s)');
  });

  it('says that an authority of the same name with another key is another one', () => {
    const other = new CertificateMaker();
    const { report } = check({ ca: other.authority('ca') });
    rmSync(other.folder, { recursive: true });
    expect(report).toContain('does not lead to an authority in tls.ca');
  });

  it('fails on a certificate that has expired, and warns of its authority', () => {
    const now = new Date(Date.now() + 31 * 86_400_000);
    const { ok, report } = check({ now });
    expect(ok).toBe(false);
    expect(report).toMatch(/Errors\n {2}.*foo\.example\.org\.pem: tls\.cert: .* expired at /);
    expect(report).toMatch(/Warnings\n {2}.*ca\.pem: tls\.ca: .* expired at /);
  });

  it('fails on a certificate for clients in server mode', () => {
    expect(check({ mode: 'Server' })).toMatchObject({
      ok: false,
      report: expect.stringContaining('found no serverAuth in its extended key usage'),
    });
  });

  it.each(['Client', 'Server'] as const)(
    'takes a certificate without extended key usage in %s mode',
    (mode) => {
      expect(check({ mode, host: maker.host('any.example.org', ca) }).ok).toBe(true);
    },
  );

  it('fails with every problem of the file', () => {
    const { ok, report } = check({ more: 'a = 1\nb = 2' });
    expect(ok).toBe(false);
    expect(report).toContain('config.toml:10: transport.a: unknown key');
    expect(report).toContain('config.toml:11: transport.b: unknown key');
  });

  it('fails on files that do not fit together, and prints the values all the same', () => {
    const { ok, report } = check({ host: { cert: host.cert, key: ca.key } });
    expect(ok).toBe(false);
    expect(report).toContain('found a key that does not match the certificate');
    expect(report).toContain('  initial_window = 14720  # default\n');
  });
});
