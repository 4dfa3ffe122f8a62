/** Every command of docs/operations.md, in the order of the document, in a real systemd. */
import { readFileSync } from 'node:fs';
import { stringify } from 'smol-toml';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_NAME, type IdentityFiles, Pki, SERVER_NAME } from '../support/certificates.ts';
import { Machine } from './machine.fixture.ts';

const ORIGIN = 8081;

/** Those that go on until they are interrupted, which here is after two seconds, and whose exit code is then this. */
const ENDLESS = /--watch| -f /;
const INTERRUPTED = 124;

const document = readFileSync(new URL('../../docs/operations.md', import.meta.url), 'utf8');

/** Indented lines: in lists, further than the list. */
const commands = [...document.matchAll(/^ {4,}(\S.*)$/gm)].map(([, command = '']) => command);

let machine: Machine;

beforeAll(async () => {
  machine = await Machine.boot();
  machine.must('/mnt/ptproxy/scripts/install.sh');
  const [before, after] = [await Pki.create('before'), await Pki.create('after')];
  put('/etc/ptproxy/ca.pem', before.ca);
  put('/root/new/ca.pem', after.ca);
  configure('client', await before.client(), { quic_port: 20010, http_bind_address: '127.0.0.1:20080' });
  configure('server', await before.server(), { http_connect_address: `127.0.0.1:${ORIGIN}` });
  putIdentity('/root/new/server', await before.server());
  putIdentity('/root/next/server', await after.server());
  putIdentity('/root/next/client', await after.client());
  const origin = machine.script('origin.ts', String(ORIGIN), '20011');
  expect((await origin.next()).value).toBe('listening');
});

afterAll(() => machine?.stop());

function put(file: string, source: string): void {
  machine.write(file, readFileSync(source), 'root:ptproxy', '640');
}

function putIdentity(path: string, { cert, key }: IdentityFiles): void {
  put(`${path}.pem`, cert);
  put(`${path}-key.pem`, key);
}

function configure(name: 'client' | 'server', identity: IdentityFiles, own: object): void {
  const [mode, peer_hostname, port] =
    name === 'client' ? ['Client', SERVER_NAME, 9464] : ['Server', CLIENT_NAME, 9465];
  const address = name === 'client' ? { connect_address: '127.0.0.1' } : {};
  const configuration = {
    general: { mode, peer_hostname, ...address, ...own },
    tls: { ca: 'ca.pem', cert: `${name}.pem`, key: `${name}-key.pem` },
    system: { metrics_bind_address: `127.0.0.1:${port}`, log_format: 'json' },
  };
  machine.write(`/etc/ptproxy/${name}.toml`, stringify(configuration), 'root:ptproxy', '640');
  putIdentity(`/etc/ptproxy/${name}`, identity);
}

/** As the document has it: between two steps the tunnel is up. */
async function untilReady(): Promise<void> {
  await machine.until(
    () => machine.run('ptproxy', 'status', '-c', '/etc/ptproxy/client.toml').status === 0,
    'the tunnel is up',
  );
}

describe('the operations guide', () => {
  it('has commands', () => {
    expect(commands.length).toBeGreaterThan(30);
  });

  it.each(commands)('%s', async (command) => {
    const endless = ENDLESS.test(command);
    const { status, output } = machine.run('sh', '-c', endless ? `timeout 2 ${command}` : command);
    expect({ status, output }).toEqual({ status: endless ? INTERRUPTED : 0, output });
    if (
      /^systemctl (restart|reload|enable)/.test(command) &&
      !command.includes('enable --now ptproxy@server')
    ) {
      await untilReady();
    }
  });

  it('ends with a tunnel under the new CA', () => {
    const status = JSON.parse(machine.must('ptproxy', 'status', '--json', '-c', '/etc/ptproxy/client.toml'));
    const subjects = status.certificates.map((one: { whose: string; subject: string }) => [
      one.whose,
      one.subject,
    ]);
    expect(subjects).toContainEqual(['ca', 'CN=after']);
    expect(subjects.filter(([whose]: [string]) => whose === 'ca')).toHaveLength(1);
    expect(status.ready).toBe(true);
    expect(status.problems).toEqual([]);
  });
});
