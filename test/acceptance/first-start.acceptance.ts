import { execFile } from 'node:child_process';
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { performance } from 'node:perf_hooks';
import { promisify } from 'node:util';
import { expect, it } from 'vitest';
import { origin, ptproxy } from '../integration/ends.fixture.ts';
import { temporaryFolder } from '../support/certificates.ts';
import { print } from './print.ts';

const run = promisify(execFile);

/** From when the client listens, in ms. */
const READY = 1000;

it('two ends with mkcert certificates and minimal configurations: ready within 1 s, and curl is answered', async () => {
  const folder = temporaryFolder();
  const mkcert = (...args: string[]) =>
    run('mkcert', args, { cwd: folder, env: { ...process.env, CAROOT: folder } });
  await mkcert('bar.example.org');
  await mkcert('-client', 'foo.example.org');
  const { port } = await origin((_request, response) => response.end('answered by the origin\n'));
  const server = ptproxy(['-c', write(folder, 'server.toml', serverConfiguration(port))]);
  await server.waitForLog(/started endpoint at .*:20010/);
  const spawned = performance.now();
  const client = ptproxy(['-c', write(folder, 'client.toml', CLIENT)]);
  await client.waitForLog(/serving HTTP\/1\.1 at/);
  const listening = performance.now();
  await client.waitForLog(/tunnel ready/);
  const ready = performance.now();
  const answer = await run('curl', ['-sS', 'http://127.0.0.1:20080/']);
  print(
    `tunnel ready ${(ready - listening).toFixed(0)} ms after the client listens, ${(ready - spawned).toFixed(0)} ms after its start`,
  );
  expect(answer.stdout).toBe('answered by the origin\n');
  expect(ready - listening).toBeLessThan(READY);
});

const CLIENT = `[general]
mode = "Client"
peer_hostname = "bar.example.org"
connect_address = "127.0.0.1"
http_bind_address = "127.0.0.1:20080"
[tls]
ca = "rootCA.pem"
cert = "foo.example.org-client.pem"
key = "foo.example.org-client-key.pem"
`;

const serverConfiguration = (originPort: number): string => `[general]
mode = "Server"
peer_hostname = "foo.example.org"
http_connect_address = "127.0.0.1:${originPort}"
[tls]
ca = "rootCA.pem"
cert = "bar.example.org.pem"
key = "bar.example.org-key.pem"
`;

function write(folder: string, name: string, content: string): string {
  const file = join(folder, name);
  writeFileSync(file, content);
  return file;
}
