import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { loadConfig } from './load.ts';
import { ConfigError } from './problem.ts';
import type { Config } from './schema.ts';

let folder: string;
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'ptproxy-load-'));
  for (const name of ['ca.pem', 'cert.pem', 'key.pem']) writeFileSync(join(folder, name), '');
});
afterAll(() => rmSync(folder, { recursive: true }));

const TLS = 'ca = "ca.pem"\ncert = "cert.pem"\nkey = "key.pem"';
const CLIENT = `[general]
mode = "Client"
peer_hostname = "bar.example.org"
http_bind_address = "127.0.0.1:20080"
[tls]
${TLS}
`;
const SERVER = `[general]
mode = "Server"
peer_hostname = "foo.example.org"
http_connect_address = "localhost:8081"
[tls]
${TLS}
`;

function write(text: string | Uint8Array, name = 'client.toml'): string {
  const file = join(folder, name);
  writeFileSync(file, text);
  return file;
}

const load = (text: string | Uint8Array, env = {}): Config => loadConfig(write(text), env, false);

/** The messages of all problems, with the folder taken out. */
function problemsOf(text: string | Uint8Array, env = {}): readonly string[] {
  return problemsIn(() => load(text, env));
}

function problemsIn(action: () => unknown): readonly string[] {
  try {
    action();
  } catch (error) {
    if (error instanceof ConfigError) return error.message.replaceAll(`${folder}/`, '').split('\n');
    throw error;
  }
  return [];
}

describe('configurations of ptproxy 1.2', () => {
  it('loads a minimal client with all defaults', () => {
    expect(load(CLIENT)).toEqual({
      general: {
        mode: 'Client',
        peer_hostname: 'bar.example.org',
        quic_port: 20010,
        bind_address: '::',
        connect_address: 'bar.example.org',
        http_bind_address: { host: '127.0.0.1', port: 20080 },
      },
      tls: {
        ca: join(folder, 'ca.pem'),
        skip_verify: false,
        cert: join(folder, 'cert.pem'),
        key: join(folder, 'key.pem'),
      },
      transport: {
        max_idle_timeout: 5000,
        keep_alive_interval: 2000,
        initial_rtt: 333,
        max_concurrent_http_streams: 100,
        max_upgrades: 10_000,
        stream_receive_window: 16_000_000,
        initial_window: 14_720,
        receive_window: undefined,
        send_window: 8_000_000,
        socket_receive_buffer_size: undefined,
        socket_send_buffer_size: undefined,
        congestion_algorithm: 'Bbr',
        udp_payload_size: 1350,
        max_egress_rate: undefined,
        qpack_max_table_capacity: 16_384,
        qpack_blocked_streams: 100,
        qpack_never_indexed: [],
        redundancy: 'Auto',
      },
      system: {
        connect_interval: 1000,
        tcp_nodelay: true,
        wait_for_first_attempt: true,
        watchdog_factor: 1.5,
        add_forwarded: false,
        hold_timeout: 5000,
        shutdown_timeout: 30_000,
        request_timeout: undefined,
        stream_idle_timeout: 300_000,
        max_connections: 10_000,
        max_header_size: 32_768,
        max_header_count: 200,
        connect_timeout: 5000,
        log_level: 'info',
        log_format: 'json',
        access_log: false,
        access_log_query: false,
        metrics_bind_address: undefined,
      },
    });
  });

  it('loads a minimal server', () => {
    expect(load(SERVER).general).toEqual({
      mode: 'Server',
      peer_hostname: 'foo.example.org',
      quic_port: 20010,
      bind_address: '::',
      http_connect_address: { host: 'localhost', port: 8081 },
      allow_from: undefined,
    });
  });

  it('loads every key of the original that has an effect here', () => {
    const text = `${CLIENT}skip_verify = false
[transport]
max_idle_timeout = 8_000
keep_alive_interval = 3000
initial_rtt = 150
max_concurrent_http_streams = 50
stream_receive_window = 1_000_000
initial_window = 562500
receive_window = 562500
send_window = 4000000
socket_receive_buffer_size = 2000000
socket_send_buffer_size = 2000000
congestion_algorithm = "None"
[system]
connect_interval = 500
tcp_nodelay = false
add_forwarded = true
`;
    expect(load(text).transport).toMatchObject({ initial_window: 562_500, congestion_algorithm: 'None' });
  });
});

describe('defaults that depend on other values', () => {
  it('logs for people on a terminal', () => {
    expect(loadConfig(write(CLIENT), {}, true).system.log_format).toBe('pretty');
  });
});

describe('values', () => {
  it.each(['Client', 'Server'])('takes port 0 where any free port will do (%s)', (mode) => {
    const text =
      mode === 'Client' ? CLIENT.replace(':20080', ':0') : SERVER.replace('[tls]', 'quic_port = 0\n[tls]');
    expect(problemsOf(text)).toEqual([]);
  });

  it('takes an IPv6 literal in brackets', () => {
    const { general } = load(CLIENT.replace('127.0.0.1:20080', '[::1]:80'));
    expect(general).toMatchObject({ http_bind_address: { host: '::1', port: 80 } });
  });

  it('takes a dotted key and an inline table for a section', () => {
    expect(load(`transport.initial_rtt = 5\nsystem = { log_level = "warn" }\n${CLIENT}`)).toMatchObject({
      transport: { initial_rtt: 5 },
      system: { log_level: 'warn' },
    });
  });

  it('accepts any certificate only where the environment insists', () => {
    const text = `${CLIENT}skip_verify = true`;
    expect(problemsOf(text, { PTPROXY_INSECURE: 'yes' })).toHaveLength(1);
    expect(load(text, { PTPROXY_INSECURE: '1' }).tls.skip_verify).toBe(true);
  });

  it('takes a byte order mark and Windows line ends, and still counts lines', () => {
    const text = `\uFEFF${CLIENT}[transport]\ninitial_windw = 1`.replaceAll('\n', '\r\n');
    expect(problemsOf(text)).toEqual([
      'client.toml:10: transport.initial_windw: unknown key; did you mean initial_window?',
    ]);
  });
});

describe('the file itself', () => {
  const cannotRead = 'cannot read the configuration file';

  it('says when there is none', () => {
    const file = join(folder, 'none.toml');
    expect(problemsIn(() => loadConfig(file))).toEqual([`none.toml: ${cannotRead}: no such file`]);
  });

  it('says when it is a folder', () => {
    mkdirSync(join(folder, 'sub'));
    expect(problemsIn(() => loadConfig(join(folder, 'sub')))).toEqual([
      `sub: ${cannotRead}: it is a directory`,
    ]);
  });

  it('does not read from a device', () => {
    expect(problemsIn(() => loadConfig('/dev/zero'))).toEqual([
      `/dev/zero: ${cannotRead}: it is not a regular file`,
    ]);
  });

  it.skipIf(process.getuid?.() === 0)('says when it may not be read', () => {
    const file = write(CLIENT, 'secret.toml');
    chmodSync(file, 0);
    expect(problemsIn(() => loadConfig(file))).toEqual([`secret.toml: ${cannotRead}: permission denied`]);
  });

  it('says when it is larger than any configuration', () => {
    expect(problemsOf('#'.repeat(2 ** 20 + 1))).toEqual([
      `client.toml: ${cannotRead}: it has 1048577 bytes, more than the 1048576 allowed`,
    ]);
  });

  it('refuses what is not UTF-8', () => {
    expect(problemsOf(Buffer.from('a = "\xe9"', 'latin1'))).toEqual([
      'client.toml: not UTF-8 text: a configuration is TOML, which is UTF-8',
    ]);
  });
});
