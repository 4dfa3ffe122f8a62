import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { readFileSync, writeFileSync } from 'node:fs';
import { type AddressInfo, createServer } from 'node:net';
import { join } from 'node:path';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLIENT_NAME, SERVER_NAME, sharedPki, temporaryFolder } from '../support/certificates.ts';
import { CliProcess, type Exit } from '../support/process.ts';

const pki = await sharedPki();
const { cert, key } = await pki.client();
const another = await pki.client();
const server = await pki.server();

const CLIENT = `[general]
mode = "Client"
peer_hostname = "${SERVER_NAME}"
connect_address = "127.0.0.1"
http_bind_address = "127.0.0.1:0"
[tls]
ca = "${pki.ca}"
cert = "${cert}"
key = "${key}"
[system]
log_format = "json"
`;

const SERVER = `[general]
mode = "Server"
peer_hostname = "${CLIENT_NAME}"
quic_port = 0
http_connect_address = "127.0.0.1:1"
[tls]
ca = "${pki.ca}"
cert = "${server.cert}"
key = "${server.key}"
[system]
log_format = "json"
`;

/** What is wrong, the file, and the message after its name: place, key, what was found, what is allowed. */
const WRONG: readonly (readonly [string, string, (file: string) => string])[] = [
  [
    'an unknown key',
    `${CLIENT}quux = 1\n`,
    (file) => `${file}:12: system.quux: unknown key; allowed in [system] are connect_interval, tcp_nodelay, `,
  ],
  [
    'a typo',
    `${CLIENT}conect_interval = 1000\n`,
    (file) => `${file}:12: system.conect_interval: unknown key; did you mean connect_interval?`,
  ],
  [
    'a wrong type',
    `${CLIENT}connect_interval = "1000"\n`,
    (file) =>
      `${file}:12: system.connect_interval: found the string "1000"; allowed is an integer from 10 to `,
  ],
  [
    'a value out of range',
    `${CLIENT}[transport]\ninitial_window = 11999\n`,
    (file) =>
      `${file}:13: transport.initial_window: found the integer 11999; allowed is an integer from 12000 to 655270 (bytes)`,
  ],
  [
    'a missing certificate file',
    CLIENT.replace(cert, 'none.pem'),
    (file) =>
      `${file}:8: tls.cert: cannot read ${join(file, '../none.pem')}: no such file; allowed is the path of a file`,
  ],
  [
    'a required key missing',
    CLIENT.replace(/^peer_hostname.*\n/m, ''),
    (file) => `${file}: general.peer_hostname: missing, but required; allowed is `,
  ],
  [
    'a key that does not match the certificate',
    CLIENT.replace(key, another.key),
    () =>
      `${another.key}: tls.key: found a key that does not match the certificate in ${cert}; allowed is the key that it was issued for`,
  ],
  [
    'a certificate for a key',
    CLIENT.replace(key, cert),
    () => `${cert}: tls.key: found CERTIFICATE; allowed is one unencrypted private key`,
  ],
  [
    'a key of the server in client mode',
    CLIENT.replace('[tls]', 'http_connect_address = "127.0.0.1:80"\n[tls]'),
    (file) =>
      `${file}:6: general.http_connect_address: found in a file with mode = "Client"; allowed only with mode = "Server"`,
  ],
  [
    'keys that contradict each other',
    `${CLIENT}[transport]\nkeep_alive_interval = 5000\n`,
    (file) =>
      `${file}:13: transport.keep_alive_interval: found keep_alive_interval = 5000 with max_idle_timeout = 5000 (ms); allowed is `,
  ],
  [
    'verification turned off',
    CLIENT.replace('[system]', 'skip_verify = true\n[system]'),
    (file) =>
      `${file}:10: tls.skip_verify: found true, which lets anybody in; allowed is false, or true with `,
  ],
  ['what is not TOML', CLIENT.replace('[tls]', '[tls'), (file) => `${file}:6:`],
];

describe('a wrong configuration ends the program with code 1 and one line that says what to change', () => {
  it.concurrent.each(WRONG)('%s', async (_title, content, message) => {
    const file = configuration(content);
    const { lines, exit } = await runToEnd(['--config', file]);
    if (lines.length !== 1 || !lines[0]?.startsWith(message(file))) expect(lines).toEqual([message(file)]);
    expect(exit).toEqual({ code: 1, signal: null });
  });
});

describe('a wrong configuration', () => {
  it('is reported with everything that is wrong', async () => {
    const file = configuration(`${CLIENT}tcp_nodelay = 1\nquux = 1\n`);
    const { lines } = await runToEnd(['--config', file]);
    expect(lines.map((text) => text.split(' ')[0])).toEqual([`${file}:12:`, `${file}:13:`]);
  });

  it('that does not exist is named', async () => {
    const file = join(temporaryFolder(), 'none.toml');
    const { lines, exit } = await runToEnd(['-c', file]);
    expect(lines).toEqual([`${file}: cannot read the configuration file: no such file`]);
    expect(exit.code).toBe(1);
  });
});

describe('a port in use', () => {
  it('is named with its key for HTTP/1.1', async () => {
    const taken = await takenTcpPort();
    const file = configuration(CLIENT.replace('127.0.0.1:0', `127.0.0.1:${taken}`));
    const { lines, exit } = await runToEnd(['-c', file]);
    expect(lines).toEqual([
      `${file}: general.http_bind_address: found 127.0.0.1:${taken}: another program has that port (EADDRINUSE); allowed is a free one`,
    ]);
    expect(exit.code).toBe(1);
  });

  it('is named with its key for QUIC', async () => {
    const taken = await takenUdpPort();
    const file = configuration(SERVER.replace('quic_port = 0', `quic_port = ${taken}`));
    const { lines, exit } = await runToEnd(['-c', file]);
    expect(lines).toEqual([
      `${file}: general.quic_port: found [::]:${taken}: another program has that port (EADDRINUSE); allowed is a free one`,
    ]);
    expect(exit.code).toBe(1);
  });
});

describe('ptproxy check', () => {
  it.each([
    ['client', CLIENT],
    ['server', SERVER],
  ])('accepts a good %s configuration, shows what it comes to, and exits with 0', async (_end, content) => {
    const file = configuration(content);
    const { lines, exit } = await runToEnd(['check', '-c', file]);
    expect(exit).toEqual({ code: 0, signal: null });
    expect(lines.join('\n')).toContain('initial_window of 14,720 bytes in each initial_rtt of 333 ms');
    expect(lines.at(-1)).toBe(`${file}: valid`);
  });

  it('names every problem of a bad configuration, and exits with 1', async () => {
    const file = configuration(`${CLIENT}tcp_nodelay = 1\nquux = 1\n`);
    const { lines, exit } = await runToEnd(['check', '-c', file]);
    expect(exit).toEqual({ code: 1, signal: null });
    expect(lines.join('\n')).toContain(
      `${file}:12: system.tcp_nodelay: found the integer 1; allowed is true or false`,
    );
    expect(lines.join('\n')).toContain(`${file}:13: system.quux: unknown key`);
  });

  it('says that a certificate has expired', async () => {
    const bygone = await pki.client({ notBefore: new Date(0), notAfter: new Date(86_400_000) });
    const file = configuration(CLIENT.replace(cert, bygone.cert).replace(key, bygone.key));
    const { lines, exit } = await runToEnd(['check', '-c', file]);
    expect(exit.code).toBe(1);
    expect(lines.join('\n')).toMatch(/tls\.cert: .* expired at 1970-01-02T00:00:00\.000Z/);
  });

  it('takes the file that is named before it too', async () => {
    const file = configuration(CLIENT);
    expect((await runToEnd(['-c', file, 'check'])).lines.at(-1)).toBe(`${file}: valid`);
  });
});

describe('the command line', () => {
  it.each(['--help', '-h'])('explains itself with %s', async (option) => {
    const { lines, exit } = await runToEnd([option]);
    expect(exit.code).toBe(0);
    expect(lines[0]).toBe('Usage: ptproxy [options] [command]');
    for (const word of ['--config', '--version', '/etc/ptproxy/config.toml', 'check', 'demo']) {
      expect(lines.join('\n')).toContain(word);
    }
  });

  it.each(['--version', '-V'])('tells its version with %s', async (option) => {
    const { version } = JSON.parse(readFileSync(new URL('../../package.json', import.meta.url), 'utf8'));
    expect(await runToEnd([option])).toEqual({ lines: [version], exit: { code: 0, signal: null } });
  });

  it.each([[['--verbose']], [['serve']], [['demo', '--rtt', 'slow']]])(
    'refuses %j with code 1',
    async (args) => {
      const { lines, exit } = await runToEnd(args);
      expect(exit.code).toBe(1);
      expect(lines[0]).toMatch(/^error: /);
    },
  );
});

function configuration(content: string): string {
  const file = join(temporaryFolder(), 'config.toml');
  writeFileSync(file, content);
  return file;
}

/** What it writes, log lines apart, and how it ends. Nothing of it may be a stack trace. */
async function runToEnd(args: readonly string[]): Promise<{ lines: readonly string[]; exit: Exit }> {
  const process = new CliProcess(args);
  const exit = await process.exited;
  const lines = process.lines.filter((text) => !text.startsWith('{'));
  if (/^\s+at .*:\d+:\d+/m.test(process.output)) throw new Error(`a stack trace:\n${process.output}`);
  return { lines, exit };
}

async function takenTcpPort(): Promise<number> {
  const taken = createServer().listen(0, '127.0.0.1');
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  return (taken.address() as AddressInfo).port;
}

async function takenUdpPort(): Promise<number> {
  const taken = createSocket('udp6').bind(0);
  await once(taken, 'listening');
  onTestFinished(() => void taken.close());
  return taken.address().port;
}
