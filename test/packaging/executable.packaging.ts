import { execFileSync, spawn } from 'node:child_process';
import { once } from 'node:events';
import { mkdirSync, readdirSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { createInterface } from 'node:readline';
import { beforeAll, describe, expect, it } from 'vitest';
import { CLIENT_NAME, sharedPki, temporaryFolder } from '../support/certificates.ts';
import { fetchHashed } from '../support/http-client.ts';
import { patternBody, startOrigin } from '../support/origin.ts';
import { type EndOptions, startTunnel } from '../support/tunnel.ts';
import { executable, runAlone, VERSION } from './products.ts';

/** The program is to start in less, milliseconds. */
const START = 300;

let configuration: string;

beforeAll(async () => {
  const pki = await sharedPki();
  const { cert, key } = await pki.server();
  configuration = join(temporaryFolder(), 'server.toml');
  writeFileSync(
    configuration,
    `[general]
mode = "Server"
peer_hostname = "${CLIENT_NAME}"
quic_port = 0
http_connect_address = "127.0.0.1:8080"
[tls]
ca = "${pki.ca}"
cert = "${cert}"
key = "${key}"
`,
  );
});

/** One round over the emulated link in one process: engine, certificates and both ends. */
const DEMO = ['demo', '--once', '--rtt', '20'];

describe('the single executable, with an empty environment', () => {
  it('knows its version', () => {
    expect(runAlone(executable(), ['--version'])).toEqual({ code: 0, output: `${VERSION}\n` });
  });

  it(`accepts connections less than ${START} ms after its start`, async () => {
    // The best of some: what the machine does beside is not the program's.
    const times: number[] = [];
    for (let count = 0; count < 10; count++) times.push(await timeToStart());
    expect(Math.min(...times)).toBeLessThan(START);
  });

  it('checks a configuration with its keys', () => {
    const { code, output } = runAlone(executable(), ['check', '-c', configuration]);
    expect(output).toContain(': valid');
    expect(code).toBe(0);
  });

  it('runs the demo', () => {
    const { code, output } = runAlone(executable(), DEMO);
    expect(output).toMatch(/487,500 bytes up/);
    expect(code).toBe(0);
  });

  it('has what sends and receives datagrams many at a time', async () => {
    const origin = await startOrigin(patternBody);
    const transport = { initial_rtt: 1, initial_window: 655_270 };
    const config = { transport, system: { log_level: 'debug' } };
    // The launcher is given Node.js and its program, and executes another in their place.
    const end: EndOptions = {
      config,
      program: '-',
      launcher: ['/bin/sh', '-c', 'shift 2; exec "$0" "$@"', executable()],
    };
    const pair = await startTunnel({ originPort: origin.port, client: end, server: end });
    const { bytes } = await fetchHashed({ port: pair.client.httpPort, path: '/16000000' });
    expect(bytes).toBe(16_000_000);
    const ends = [pair.client, pair.server];
    await Promise.all(ends.map(({ process }) => process.waitForLog(/busy: datagrams are sent .* many at a/)));
    await pair.stop();
    await origin.stop();
  });

  it('leaves nothing behind of what it unpacks', () => {
    const folder = temporaryFolder();
    expect(runAlone(executable(), DEMO, { TMPDIR: folder, RUNTIME_DIRECTORY: folder }).code).toBe(0);
    expect(readdirSync(folder)).toEqual([]);
  });
});

/** From the start of a server end to the line with which it says where it listens, milliseconds. */
async function timeToStart(): Promise<number> {
  const begin = performance.now();
  const end = spawn(executable(), ['--config', configuration], {
    env: {},
    stdio: ['ignore', 'pipe', 'inherit'],
  });
  const gone = once(end, 'close');
  for await (const line of createInterface({ input: end.stdout })) {
    if (line.includes('started endpoint')) break;
  }
  const time = performance.now() - begin;
  end.kill('SIGKILL');
  await gone;
  return time;
}

describe('native modules of the single executable', () => {
  it('go to the next directory when a RUNTIME_DIRECTORY is noexec, as /run is on Debian', () => {
    const mount = temporaryFolder();
    const script = `mount -t tmpfs -o noexec none ${mount} && exec env -i RUNTIME_DIRECTORY=${mount} "$@"`;
    const output = execFileSync('unshare', ['--mount', 'sh', '-c', script, 'sh', executable(), ...DEMO]);
    expect(output.toString()).toMatch(/487,500 bytes up/);
  });

  it('are refused with every directory that was tried, and why, when there is none to load from', () => {
    const mount = temporaryFolder();
    mkdirSync(join(mount, 'tmp'));
    const hide = ['/var/tmp', '/dev/shm', mount].map((path) => `mount -t tmpfs -o noexec none ${path}`);
    const script = `${hide.join(' && ')} && exec env -i TMPDIR=${mount} "$@"`;
    const run = runAlone('/usr/bin/unshare', ['--mount', 'sh', '-c', script, 'sh', executable(), ...DEMO], {
      PATH: '/usr/bin:/bin',
    });
    expect(run.code).toBe(1);
    expect(run.output).toMatch(
      /^ptproxy: cannot load the embedded quiche\.node; allowed is a TMPDIR that is/,
    );
    for (const path of [mount, '/var/tmp', '/dev/shm']) expect(run.output).toContain(`in ${path}: `);
  });
});
