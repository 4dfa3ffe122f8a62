import { execFileSync } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

/** Files of a certificate made for a test, valid for 30 days from now. */
export interface Issued {
  readonly cert: string;
  readonly key: string;
}

/** Makes certificates in a folder of its own with the `openssl` program. */
export class CertificateMaker {
  readonly folder = mkdtempSync(join(tmpdir(), 'ptproxy-certificates-'));

  /** A certificate that signs others; without an issuer it signs itself. */
  authority(name: string, issuer?: Issued): Issued {
    return this.#issue(name, ['basicConstraints=critical,CA:TRUE'], issuer);
  }

  /** A certificate of the host `name`, with further extensions in openssl's words. */
  host(name: string, issuer: Issued, ...extensions: readonly string[]): Issued {
    return this.#issue(
      name,
      ['basicConstraints=CA:FALSE', `subjectAltName=DNS:${name}`, ...extensions],
      issuer,
    );
  }

  /** Runs `openssl` in the folder. */
  openssl(...args: readonly string[]): void {
    execFileSync('openssl', args, { cwd: this.folder, stdio: 'pipe' });
  }

  #issue(name: string, extensions: readonly string[], issuer: Issued | undefined): Issued {
    const issued = { cert: join(this.folder, `${name}.pem`), key: join(this.folder, `${name}.key`) };
    this.openssl(
      ...['req', '-x509', '-days', '30', '-nodes', '-subj', `/CN=${name}`],
      ...['-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:P-256'],
      ...['-out', issued.cert, '-keyout', issued.key],
      ...extensions.flatMap((extension) => ['-addext', extension]),
      ...(issuer === undefined ? [] : ['-CA', issuer.cert, '-CAkey', issuer.key]),
    );
    return issued;
  }
}
