/** Instances of the units, as the README has them. */
import { readFileSync } from 'node:fs';
import { stringify } from 'smol-toml';
import type { IdentityFiles, Pki } from '../support/certificates.ts';
import type { Sections } from '../support/tunnel.ts';
import type { Machine } from './machine.fixture.ts';

/** Writes into /etc/ptproxy what the instance `name` needs. */
export function configure(
  machine: Machine,
  name: string,
  sections: Sections,
  pki: Pki,
  identity: IdentityFiles,
): void {
  const tls = { ca: 'ca.pem', cert: `${name}.pem`, key: `${name}-key.pem` };
  const write = (file: string, content: string | Buffer) =>
    machine.write(`/etc/ptproxy/${file}`, content, 'root:ptproxy', '640');
  write(`${name}.toml`, stringify({ ...sections, tls }));
  write(tls.ca, readFileSync(pki.ca));
  write(tls.cert, readFileSync(identity.cert));
  write(tls.key, readFileSync(identity.key));
}
