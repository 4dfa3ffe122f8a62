import { createPrivateKey } from 'node:crypto';
import { chmodSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CertificateMaker, type Issued } from './certificates.fixture.ts';
import { certificatesIn, type Identity, loadIdentity } from './identity.ts';
import { ConfigError } from './problem.ts';

const maker = new CertificateMaker();
let ca: Issued;
let host: Issued;
beforeAll(() => {
  ca = maker.authority('ca');
  host = maker.host('foo.example.org', ca);
});
afterAll(() => rmSync(maker.folder, { recursive: true }));

type Files = Partial<Record<'ca' | 'cert' | 'key', string>>;

function load(files: Files = {}, now = new Date()): Identity {
  return loadIdentity({ ca: ca.cert, skip_verify: false, ...host, ...files }, {}, now);
}

function refusalsOf(files: Files): readonly string[] {
  try {
    load(files);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${maker.folder}/`, '').split('\n');
    throw error;
  }
  return [];
}

function write(name: string, ...parts: readonly (string | Buffer)[]): string {
  const file = join(maker.folder, name);
  writeFileSync(file, Buffer.concat(parts.map((part) => Buffer.from(part))), { mode: 0o600 });
  return file;
}

/** A key that openssl writes in a form of its own. */
function keyFile(name: string, command: string, ...args: readonly string[]): string {
  const file = join(maker.folder, name);
  maker.openssl(command, '-out', file, ...args);
  chmodSync(file, 0o600);
  return file;
}

describe('an identity', () => {
  it('holds authorities, chain and key as PEM', () => {
    const identity = load();
    expect(certificatesIn(identity.ca).map((certificate) => certificate.subject)).toEqual(['CN=ca']);
    expect(identity.certificates.map((certificate) => certificate.subject)).toEqual(['CN=foo.example.org']);
    expect(identity.chain.toString()).toBe(readFileSync(host.cert, 'latin1'));
    expect(identity.warnings).toEqual([]);
  });

  it('leaves text and parameters around the blocks out', () => {
    const cert = write('text.pem', 'Subject: foo\n', readFileSync(host.cert), 'the end');
    const parameters = '-----BEGIN EC PARAMETERS-----\nBggqhkjOPQMBBw==\n-----END EC PARAMETERS-----\n';
    const identity = load({ cert, key: write('parameters.key', parameters, readFileSync(host.key)) });
    expect(identity.chain.toString()).toBe(readFileSync(host.cert, 'latin1'));
  });

  it('takes chain and key from one file', () => {
    const both = write('both.pem', readFileSync(host.key), readFileSync(host.cert));
    expect(load({ cert: both, key: both }).certificates).toHaveLength(1);
  });

  it.each([
    ['SEC1', 'ec', '-----BEGIN EC PRIVATE KEY-----'],
    ['PKCS#8', 'pkey', '-----BEGIN PRIVATE KEY-----'],
  ])('gives a %s key as PKCS#8', (form, command, begin) => {
    const key = keyFile(`${form}.key`, command, '-in', host.key);
    expect(readFileSync(key, 'latin1')).toContain(begin);
    const pem = load({ key }).key.toString();
    expect(pem).toMatch(/^-----BEGIN PRIVATE KEY-----/);
    expect(createPrivateKey(pem).equals(createPrivateKey(readFileSync(host.key)))).toBe(true);
  });

  it('takes an RSA key in the PKCS#1 form', () => {
    const key = keyFile('rsa.key', 'genrsa', '-traditional', '2048');
    const cert = join(maker.folder, 'rsa.pem');
    maker.openssl('req', '-x509', '-key', key, '-subj', '/CN=rsa', '-out', cert);
    expect(readFileSync(key, 'latin1')).toContain('BEGIN RSA PRIVATE KEY');
    expect(load({ cert, key }).key.toString()).toMatch(/^-----BEGIN PRIVATE KEY-----/);
  });

  it('takes the bundle that SSL_CERT_FILE names when there is no ca', () => {
    const identity = loadIdentity({ ca: undefined, skip_verify: false, ...host }, { SSL_CERT_FILE: ca.cert });
    expect(identity.ca.toString()).toBe(readFileSync(ca.cert, 'latin1'));
  });

  it("takes the system's roots when there is no ca", () => {
    const identity = loadIdentity({ ca: undefined, skip_verify: false, ...host }, {});
    expect(certificatesIn(identity.ca).length).toBeGreaterThan(10);
  });
});

describe('refused, with the file, the key, what was found and what is allowed', () => {
  const oneKey = 'allowed is one unencrypted private key (PKCS#8, PKCS#1 or SEC1)';
  const pem = 'allowed are certificates as PEM';
  const algorithms = 'allowed is RSA of 2048 bits or more, ECDSA on P-256, P-384 or P-521, or Ed25519';

  it.each<readonly [string, () => Files, string]>([
    [
      'a missing file',
      () => ({ cert: join(maker.folder, 'none') }),
      'none: tls.cert: cannot read it: no such file',
    ],
    ['an empty file', () => ({ cert: write('a', '') }), `a: tls.cert: found an empty file; ${pem}`],
    ['no PEM', () => ({ ca: write('b', 'hello') }), `b: tls.ca: found no PEM; ${pem}`],
    [
      'DER',
      () => ({ cert: keyFile('c', 'x509', '-outform', 'DER', '-in', host.cert) }),
      `c: tls.cert: found no PEM, perhaps DER (openssl x509 or pkey converts it with -inform DER); ${pem}`,
    ],
    [
      'a certificate cut off',
      () => ({ cert: write('d', readFileSync(host.cert).subarray(0, 300)) }),
      `d: tls.cert: found PEM that is cut off or damaged; ${pem}`,
    ],
    [
      'a key as certificate',
      () => ({ cert: host.key }),
      `foo.example.org.key: tls.cert: found PRIVATE KEY; ${pem}`,
    ],
    [
      'a damaged certificate',
      () => ({
        ca: write(
          'e',
          readFileSync(ca.cert),
          '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n',
        ),
      }),
      `e: tls.ca: found a damaged certificate, number 2; ${pem}`,
    ],
    [
      'a certificate as key',
      () => ({ key: host.cert }),
      `foo.example.org.pem: tls.key: found CERTIFICATE; ${oneKey}`,
    ],
    [
      'two keys',
      () => ({ key: write('f', readFileSync(host.key), readFileSync(ca.key)) }),
      `f: tls.key: found 2 private keys; ${oneKey}`,
    ],
    [
      'a damaged key',
      () => ({ key: write('g', '-----BEGIN EC PRIVATE KEY-----\nAAAA\n-----END EC PRIVATE KEY-----\n') }),
      `g: tls.key: found a damaged EC PRIVATE KEY; ${oneKey}`,
    ],
    [
      "OpenSSH's form",
      () => ({ key: write('h', '-----BEGIN OPENSSH PRIVATE KEY-----\n-----END OPENSSH PRIVATE KEY-----\n') }),
      `h: tls.key: found OPENSSH PRIVATE KEY; ${oneKey}`,
    ],
    [
      'an encrypted PKCS#8 key',
      () => ({ key: keyFile('i', 'pkcs8', '-topk8', '-in', host.key, '-passout', 'pass:x') }),
      `i: tls.key: found an encrypted private key; ${oneKey}, as openssl pkey writes it`,
    ],
    [
      'an encrypted SEC1 key',
      () => ({ key: keyFile('j', 'ec', '-in', host.key, '-aes128', '-passout', 'pass:x') }),
      `j: tls.key: found an encrypted private key; ${oneKey}, as openssl pkey writes it`,
    ],
    [
      'a short RSA key',
      () => ({ key: keyFile('k', 'genrsa', '1024') }),
      `k: tls.key: found an RSA key of 1024 bits; ${algorithms}`,
    ],
    [
      'another curve',
      () => ({ key: keyFile('l', 'genpkey', '-algorithm', 'EC', '-pkeyopt', 'ec_paramgen_curve:secp256k1') }),
      `l: tls.key: found an ECDSA key on secp256k1; ${algorithms}`,
    ],
    [
      'another algorithm',
      () => ({ key: keyFile('m', 'genpkey', '-algorithm', 'ED448') }),
      `m: tls.key: found a key of type ed448; ${algorithms}`,
    ],
    [
      'a key that does not match',
      () => ({ key: ca.key }),
      'ca.key: tls.key: found a key that does not match the certificate in foo.example.org.pem; allowed is the key that it was issued for',
    ],
    [
      'our own certificate not first',
      () => ({ cert: write('n', readFileSync(ca.cert), readFileSync(host.cert)) }),
      'foo.example.org.key: tls.key: found the key of certificate number 2 in n (allowed is our own certificate first)',
    ],
  ])('%s', (_, files, message) => {
    expect(refusalsOf(files())).toEqual([message]);
  });

  it('lists what is wrong with every file at once', () => {
    expect(refusalsOf({ ca: host.key, cert: host.key, key: host.cert })).toHaveLength(3);
  });

  it('names the file of SSL_CERT_FILE when that cannot be read', () => {
    const tls = { ca: undefined, skip_verify: false, ...host };
    expect(() => loadIdentity(tls, { SSL_CERT_FILE: '/none' })).toThrow(
      '/none: tls.ca: cannot read it: no such file',
    );
  });
});

describe('warnings', () => {
  const inDays = (days: number): Date => new Date(Date.now() + days * 86_400_000);

  it.each([
    ['expired', 31, /tls\.cert: the certificate of CN=foo\.example\.org expired at /],
    ['not yet valid', -1, /tls\.cert: the certificate of CN=foo\.example\.org is not valid before /],
  ])('for a certificate that is %s', (_, days, warning) => {
    expect(load({}, inDays(days)).warnings).toEqual([expect.stringMatching(warning)]);
  });

  it('for a key that others may read, not for one that the group may', () => {
    const key = write('open.key', readFileSync(host.key));
    chmodSync(key, 0o640);
    expect(load({ key }).warnings).toEqual([]);
    chmodSync(key, 0o644);
    expect(load({ key }).warnings).toEqual([
      `${key}: tls.key: found mode 644: others may read or change the key; recommended is 600 or 640`,
    ]);
  });

  it('for a bundle without an authority', () => {
    expect(load({ ca: host.cert }).warnings).toEqual([
      `${host.cert}: tls.ca: found no certificate of an authority (CA:TRUE) in it`,
    ]);
  });

  it('for a chain out of order', () => {
    const other = maker.authority('other');
    const cert = write('order.pem', readFileSync(host.cert), readFileSync(other.cert), readFileSync(ca.cert));
    expect(load({ cert }).warnings).toEqual([
      `${cert}: tls.cert: found a chain out of order: certificate number 2 did not issue the one before it`,
      `${cert}: tls.cert: found a chain out of order: certificate number 3 did not issue the one before it`,
    ]);
  });

  it('for a chain that is too long for a handshake', () => {
    const leaf = maker.host('long.example.org', ca, `nsComment=${'x'.repeat(5000)}`);
    expect(load({ cert: leaf.cert, key: leaf.key }).warnings).toEqual([
      expect.stringMatching(/tls\.cert: found certificates of \d{4,} bytes; recommended are 4200 at most/),
    ]);
  });

  it('not for a chain in order', () => {
    const middle = maker.authority('middle', ca);
    const leaf = maker.host('leaf.example.org', middle);
    const cert = write(
      'chain.pem',
      readFileSync(leaf.cert),
      readFileSync(middle.cert),
      readFileSync(ca.cert),
    );
    expect(load({ cert, key: leaf.key }).warnings).toEqual([]);
  });
});
