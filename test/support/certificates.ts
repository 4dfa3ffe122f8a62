/** Certificates for tests as files: one authority for each test process, and what it issues. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import {
  type Authority,
  type CertificateOptions,
  createAuthority,
  type Identity,
  issueCertificate,
  type LeafOptions,
} from '../../src/demo/certificates.ts';

export const CLIENT_NAME = 'foo.example.org';
export const SERVER_NAME = 'bar.example.org';

/** Paths of a certificate and its key. */
export interface IdentityFiles {
  readonly cert: string;
  readonly key: string;
}

/** An authority in a folder of its own. */
export class Pki {
  readonly #folder: string;
  readonly #authority: Authority;
  #count = 0;

  static async create(name = 'ptproxy tests', options: CertificateOptions = {}): Promise<Pki> {
    return new Pki(await createAuthority(name, options));
  }

  private constructor(authority: Authority) {
    this.#authority = authority;
    this.#folder = temporaryFolder();
    writeFileSync(this.ca, authority.certificate);
  }

  /** Path of the authority's certificate. */
  get ca(): string {
    return join(this.#folder, 'ca.pem');
  }

  async issue(options: LeafOptions): Promise<IdentityFiles> {
    return this.#write(await issueCertificate(this.#authority, options));
  }

  /** What the client end presents: {@link CLIENT_NAME}, unless options say otherwise. */
  client(options: Partial<LeafOptions> = {}): Promise<IdentityFiles> {
    return this.issue({ names: [CLIENT_NAME], usage: 'client', ...options });
  }

  /** What the server end presents: {@link SERVER_NAME}, unless options say otherwise. */
  server(options: Partial<LeafOptions> = {}): Promise<IdentityFiles> {
    return this.issue({ names: [SERVER_NAME], usage: 'server', ...options });
  }

  #write(identity: Identity): IdentityFiles {
    const name = `${this.#count++}`;
    const files = { cert: join(this.#folder, `${name}.pem`), key: join(this.#folder, `${name}-key.pem`) };
    writeFileSync(files.cert, identity.certificate);
    writeFileSync(files.key, identity.key, { mode: 0o600 });
    return files;
  }
}

let shared: Promise<Pki> | undefined;

/** The authority that tests of one process share. */
export function sharedPki(): Promise<Pki> {
  shared ??= Pki.create();
  return shared;
}

const folders: string[] = [];

/** A folder that is gone when the process ends. */
export function temporaryFolder(parent = tmpdir()): string {
  if (folders.length === 0) removeAtEnd();
  const folder = mkdtempSync(join(parent, 'ptproxy-test-'));
  folders.push(folder);
  return folder;
}

// vitest ends its workers with SIGTERM, which skips `exit`.
function removeAtEnd(): void {
  const remove = (): void => {
    for (const folder of folders) rmSync(folder, { recursive: true, force: true });
  };
  process.once('exit', remove);
  process.once('SIGTERM', () => {
    remove();
    process.kill(process.pid, 'SIGTERM');
  });
}
