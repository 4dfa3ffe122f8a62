import { type KeyObject, X509Certificate } from 'node:crypto';
import { existsSync, statSync } from 'node:fs';
import { rootCertificates } from 'node:tls';
import { isIssuedBy, whyNotValidAt } from './certificate.ts';
import { readRegularFile } from './files.ts';
import { describeContent, parsePem } from './pem.ts';
import { parsePrivateKey } from './private-key.ts';
import { ConfigError, fileProblem, formatProblem, type Problem } from './problem.ts';
import type { Environment } from './relations.ts';
import type { Config } from './schema.ts';

/** Who we are and whom we trust, in the form that the engine takes: PEM. */
export interface Identity {
  /** Authorities that the other end's chain must lead to. */
  readonly ca: Buffer;
  /** Our certificate, then those that lead to its authority. */
  readonly chain: Buffer;
  /** Our private key as PKCS#8. */
  readonly key: Buffer;
  /** The certificates of `chain`. */
  readonly certificates: readonly X509Certificate[];
  /** What is unwise but works, or works no longer; for the log. */
  readonly warnings: readonly string[];
}

/**
 * Reads the files of `[tls]` and sees that they fit together. Dates are warnings: a clock may be wrong, and a file
 * may be replaced while we run. Throws a {@link ConfigError} with all problems.
 */
export function loadIdentity(
  tls: Config['tls'],
  env: Environment = process.env,
  now: Date = new Date(),
): Identity {
  const identity = readIdentity(tls, env);
  const outdated = identity.certificates.flatMap((certificate) => {
    const reason = whyNotValidAt(certificate, now);
    return reason === undefined ? [] : [formatProblem(fileProblem(tls.cert, reason, 'tls.cert'))];
  });
  return { ...identity, warnings: [...identity.warnings, ...outdated] };
}

/** As {@link loadIdentity}, without a look at the dates. */
export function readIdentity(tls: Config['tls'], env: Environment): Identity {
  const reader = new Reader();
  const ca = reader.readAuthorities(tls.ca, env);
  const certificates = reader.readCertificates(tls.cert, 'tls.cert');
  const key = reader.readKey(tls.key);
  if (certificates !== undefined && key !== undefined) reader.checkPair(tls, certificates, key);
  if (ca === undefined || certificates === undefined || key === undefined || reader.problems.length > 0) {
    throw new ConfigError(reader.problems);
  }
  return {
    ca,
    chain: toPem(certificates),
    key: Buffer.from(key.export({ type: 'pkcs8', format: 'pem' })),
    certificates,
    warnings: reader.warnings.map(formatProblem),
  };
}

/** The certificates of PEM that has been checked. */
export function certificatesIn(pem: Buffer): readonly X509Certificate[] {
  return parsePem(pem).map((block) => new X509Certificate(block.text));
}

/** Leaves room for the rest of a handshake's last flight, and for some of it to be sent twice. */
const RECOMMENDED_CHAIN = 4200;

const MAX_KEY_SIZE = 1_048_576;
const MAX_BUNDLE_SIZE = 16 * 1_048_576;

/** Reads one file after the other and remembers what is wrong with them. */
class Reader {
  readonly problems: Problem[] = [];
  readonly warnings: Problem[] = [];

  readAuthorities(file: string | undefined, env: Environment): Buffer | undefined {
    if (file === undefined) return this.#readSystemRoots(env);
    const certificates = this.readCertificates(file, 'tls.ca');
    if (certificates?.every((certificate) => !certificate.ca)) {
      this.#warn(file, 'tls.ca', 'found no certificate of an authority (CA:TRUE) in it');
    }
    return certificates && toPem(certificates);
  }

  readCertificates(file: string, key: string): readonly X509Certificate[] | undefined {
    const content = this.#read(file, key);
    if (content === undefined) return undefined;
    const blocks = parsePem(content);
    const wanted = blocks.filter((block) => block.label === 'CERTIFICATE');
    if (wanted.length === 0) {
      this.#refuse(file, key, `found ${describeContent(content, blocks)}; allowed are certificates as PEM`);
      return undefined;
    }
    const certificates = wanted.map((block) => parseCertificate(block.text));
    const damaged = certificates.indexOf(undefined) + 1;
    if (damaged > 0) {
      this.#refuse(
        file,
        key,
        `found a damaged certificate, number ${damaged}; allowed are certificates as PEM`,
      );
      return undefined;
    }
    return certificates.filter((certificate) => certificate !== undefined);
  }

  readKey(file: string): KeyObject | undefined {
    const content = this.#read(file, 'tls.key');
    if (content === undefined) return undefined;
    const result = parsePrivateKey(content);
    if ('refusal' in result) {
      this.#refuse(file, 'tls.key', result.refusal);
      return undefined;
    }
    const mode = statSync(file).mode & 0o777;
    if ((mode & 0o007) !== 0) {
      const found = `found mode ${mode.toString(8)}: others may read or change the key`;
      this.#warn(file, 'tls.key', `${found}; recommended is 600 or 640`);
    }
    return result.key;
  }

  checkPair(tls: Config['tls'], certificates: readonly X509Certificate[], key: KeyObject): void {
    const owner = certificates.findIndex((certificate) => certificate.checkPrivateKey(key));
    const place = `certificate number ${owner + 1} in ${tls.cert} (allowed is our own certificate first)`;
    if (owner > 0) this.#refuse(tls.key, 'tls.key', `found the key of ${place}`);
    if (owner < 0) {
      const found = `found a key that does not match the certificate in ${tls.cert}`;
      this.#refuse(tls.key, 'tls.key', `${found}; allowed is the key that it was issued for`);
    }
    certificates.forEach((certificate, index) => {
      const issuer = certificates[index + 1];
      if (owner !== 0 || issuer === undefined || isIssuedBy(certificate, issuer)) return;
      const found = `certificate number ${index + 2} did not issue the one before it`;
      this.#warn(tls.cert, 'tls.cert', `found a chain out of order: ${found}`);
    });
    const size = certificates.reduce((sum, { raw }) => sum + raw.length, 0);
    if (size <= RECOMMENDED_CHAIN) return;
    const recommended = `recommended are ${RECOMMENDED_CHAIN} at most, without the root: another ptproxy takes 5.5 KB of a handshake`;
    this.#warn(tls.cert, 'tls.cert', `found certificates of ${size} bytes; ${recommended}`);
  }

  #readSystemRoots(env: Environment): Buffer | undefined {
    const named = env.SSL_CERT_FILE;
    const file = named || SYSTEM_BUNDLES.find(existsSync);
    if (file === undefined) return Buffer.from(rootCertificates.join('\n'));
    const content = this.#read(file, 'tls.ca');
    if (content === undefined) return undefined;
    const blocks = parsePem(content).filter((block) => block.label === 'CERTIFICATE');
    if (blocks.length > 0) return Buffer.from(blocks.map((block) => block.text).join(''));
    this.#refuse(
      file,
      'tls.ca',
      "found no certificate in the system's roots; allowed are certificates as PEM",
    );
    return undefined;
  }

  #read(file: string, key: string): Buffer | undefined {
    const content = readRegularFile(file, key === 'tls.ca' ? MAX_BUNDLE_SIZE : MAX_KEY_SIZE);
    if (Buffer.isBuffer(content)) return content;
    this.#refuse(file, key, `cannot read it: ${content.reason}`);
    return undefined;
  }

  #refuse(file: string, key: string, message: string): void {
    this.problems.push(fileProblem(file, message, key));
  }

  #warn(file: string, key: string, message: string): void {
    this.warnings.push(fileProblem(file, message, key));
  }
}

const SYSTEM_BUNDLES = [
  '/etc/ssl/certs/ca-certificates.crt',
  '/etc/pki/tls/certs/ca-bundle.crt',
  '/etc/ssl/ca-bundle.pem',
];

const toPem = (certificates: readonly X509Certificate[]): Buffer =>
  Buffer.from(certificates.map((certificate) => certificate.toString()).join(''));

function parseCertificate(pem: string): X509Certificate | undefined {
  try {
    return new X509Certificate(pem);
  } catch {
    return undefined;
  }
}
