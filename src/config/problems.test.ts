import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { resolveSource } from './load.ts';
import { ConfigError } from './problem.ts';
import { SCHEMA, SECTION_NAMES } from './schema.ts';
import { parseSource } from './source.ts';

// Any file that can be read will do here.
const FILE = import.meta.filename;
const CLIENT = `[general]
mode = "Client"
peer_hostname = "bar.example.org"
http_bind_address = "127.0.0.1:20080"
[tls]
ca = "${FILE}"
cert = "${FILE}"
key = "${FILE}"
`;
const SERVER = CLIENT.replace('Client', 'Server').replace('http_bind', 'http_connect');

function problemsOf(text: string): readonly string[] {
  try {
    resolveSource(parseSource('client.toml', text), {}, false);
  } catch (error) {
    if (error instanceof ConfigError) return error.message.split('\n');
    throw error;
  }
  return [];
}

const insert = (section: string, line: string) => `${CLIENT}[${section}]\n${line}\n`;
const general = (line: string) => CLIENT.replace('[tls]', `${line}\n[tls]`);
const mustBeIpPort = 'allowed is an IP address and a port such as "[::]:20080" or "127.0.0.1:20080"';

describe('wrong configurations, each with file, line, key, what was found and what is allowed', () => {
  it.each<readonly [string, string, string]>([
    [
      'one wrong block in a list of addresses',
      SERVER.replace('[tls]', 'allow_from = ["10.0.0.0/8", "10.0.0.0/33"]\n[tls]'),
      'client.toml:5: general.allow_from: found the string "10.0.0.0/33" in the list; allowed is a list of address blocks such as ["10.0.0.0/8", "2001:db8::/32"]',
    ],
    [
      'no block at all',
      SERVER.replace('[tls]', 'allow_from = []\n[tls]'),
      'client.toml:5: general.allow_from: found an empty array; allowed is a list of address blocks such as ["10.0.0.0/8", "2001:db8::/32"]',
    ],
    [
      'a typo',
      insert('transport', 'initial_windw = 1'),
      'client.toml:10: transport.initial_windw: unknown key; did you mean initial_window?',
    ],
    [
      'an unknown section',
      insert('transprot', ''),
      'client.toml:9: transprot: unknown section; did you mean [transport]?',
    ],
    [
      'a section unlike any',
      insert('quic', ''),
      'client.toml:9: quic: unknown section; allowed are the sections [general], [tls], [transport], [system]',
    ],
    [
      'a key in the wrong section',
      general('tcp_nodelay = true'),
      'client.toml:5: general.tcp_nodelay: unknown key; tcp_nodelay belongs in [system]',
    ],
    [
      'a typo in the wrong section',
      general('tcp_no_delay = true'),
      'client.toml:5: general.tcp_no_delay: unknown key; did you mean tcp_nodelay in [system]?',
    ],
    [
      'a key outside any section',
      `quic_port = 1\n${CLIENT}`,
      'client.toml:1: quic_port: unknown key outside any section; quic_port belongs in [general]',
    ],
    [
      'a key unlike any',
      insert('tls.x', ''),
      'client.toml:9: tls.x: unknown key; allowed in [tls] are ca, skip_verify, cert, key',
    ],
    [
      'a string for an integer',
      insert('transport', 'max_idle_timeout = "5000"'),
      'client.toml:10: transport.max_idle_timeout: found the string "5000"; allowed is an integer from 100 to 86400000 (ms)',
    ],
    [
      'a float for an integer',
      insert('transport', 'initial_rtt = 333.0'),
      'client.toml:10: transport.initial_rtt: found the float 333.0; allowed is an integer from 1 to 60000 (ms)',
    ],
    [
      'an integer for a boolean',
      insert('system', 'tcp_nodelay = 1'),
      'client.toml:10: system.tcp_nodelay: found the integer 1; allowed is true or false',
    ],
    [
      'out of range',
      insert('transport', 'initial_window = 11_999'),
      'client.toml:10: transport.initial_window: found the integer 11999; allowed is an integer from 12000 to 655270 (bytes)',
    ],
    [
      'a word in the wrong case',
      insert('transport', 'congestion_algorithm = "bbr"'),
      'client.toml:10: transport.congestion_algorithm: found the string "bbr"; allowed is one of "Bbr", "Cubic", "NewReno", "None"',
    ],
    [
      'a table for a value',
      insert('system.log_level', ''),
      'client.toml:9: system.log_level: found a table; allowed is one of "trace", "debug", "info", "warn", "error"',
    ],
    [
      'a section that is an array',
      insert('[system]', ''),
      'client.toml:9: system: found an array; allowed is one table [system]',
    ],
    [
      'a server key in client mode',
      general('http_connect_address = "localhost:1"'),
      'client.toml:5: general.http_connect_address: found in a file with mode = "Client"; allowed only with mode = "Server"',
    ],
    [
      'a client key in server mode',
      SERVER.replace('[tls]', 'connect_address = "::1"\n[tls]'),
      'client.toml:5: general.connect_address: found in a file with mode = "Server"; allowed only with mode = "Client"',
    ],
    [
      'a required key missing',
      CLIENT.replace(/^cert.*\n/m, ''),
      'client.toml: tls.cert: missing, but required; allowed is the path of a file, relative to the folder of the configuration file',
    ],
    [
      'an origin missing in server mode',
      SERVER.replace(/^http.*\n/m, ''),
      'client.toml: general.http_connect_address: missing, but required; allowed is a host name or IP address and a port such as "localhost:8081" or "[::1]:8081"',
    ],
    [
      'an unknown mode',
      CLIENT.replace('"Client"', '"client"'),
      'client.toml:2: general.mode: found the string "client"; allowed is one of "Client", "Server"',
    ],
    [
      'a missing certificate',
      CLIENT.replace(`cert = "${FILE}`, 'cert = "/none.pem'),
      'client.toml:7: tls.cert: cannot read /none.pem: no such file; allowed is the path of a file, relative to the folder of the configuration file',
    ],
    [
      'a path with a control character, which is no matter for a terminal',
      CLIENT.replace(`cert = "${FILE}`, 'cert = "/\\u001b[2J\\u009b'),
      'client.toml:7: tls.cert: cannot read "/\\u001b[2J\\u009b": no such file; allowed is the path of a file, relative to the folder of the configuration file',
    ],
    [
      'an empty path',
      CLIENT.replace(`cert = "${FILE}`, 'cert = "'),
      'client.toml:7: tls.cert: found the string ""; allowed is the path of a file, relative to the folder of the configuration file',
    ],
    [
      'no verification',
      `${CLIENT}skip_verify = true`,
      'client.toml:9: tls.skip_verify: found true, which lets anybody in; allowed is false, or true with PTPROXY_INSECURE=1 in the environment',
    ],
    [
      'keep-alive over idle timeout',
      insert('transport', 'keep_alive_interval = 5000'),
      'client.toml:10: transport.keep_alive_interval: found keep_alive_interval = 5000 with max_idle_timeout = 5000 (ms); allowed is a keep_alive_interval under max_idle_timeout',
    ],
    [
      'idle timeout under the default keep-alive',
      insert('transport', 'max_idle_timeout = 2000'),
      'client.toml:10: transport.max_idle_timeout: found keep_alive_interval = 2000 with max_idle_timeout = 2000 (ms); allowed is a keep_alive_interval under max_idle_timeout',
    ],
    [
      'any port to dial',
      general('quic_port = 0'),
      'client.toml:5: general.quic_port: found 0 with mode = "Client"; allowed is the port of the server, from 1 to 65535',
    ],
    [
      'a bare port',
      CLIENT.replace('127.0.0.1:20080', '20080'),
      `client.toml:4: general.http_bind_address: found the string "20080"; ${mustBeIpPort}`,
    ],
    [
      'a name where an IP must be',
      CLIENT.replace('127.0.0.1', 'localhost'),
      `client.toml:4: general.http_bind_address: found the string "localhost:20080"; ${mustBeIpPort}`,
    ],
    [
      'an IPv6 address without brackets',
      CLIENT.replace('127.0.0.1', '::1'),
      `client.toml:4: general.http_bind_address: found the string "::1:20080"; ${mustBeIpPort}`,
    ],
    [
      'a port over 65535',
      CLIENT.replace(':20080', ':65536'),
      `client.toml:4: general.http_bind_address: found the string "127.0.0.1:65536"; ${mustBeIpPort}`,
    ],
    [
      'a URL as peer',
      CLIENT.replace('bar.', 'https://bar.'),
      'client.toml:3: general.peer_hostname: found the string "https://bar.example.org"; allowed is a host name of letters, digits, hyphens and dots, or an IP address, without a port',
    ],
    [
      'a key given twice',
      general('mode = "Client"'),
      'client.toml:5:1: not valid TOML: trying to redefine an already defined table or value',
    ],
    ['a value without quotes', general('log = debug'), 'client.toml:5:7: not valid TOML: invalid value'],
  ])('%s', (_, text, message) => {
    expect(problemsOf(text)).toEqual([message]);
  });

  it('shows control characters escaped and long strings cut', () => {
    const [message] = problemsOf(insert('system', `"a\\u001b[31m" = 1\nlog_level = "${'x'.repeat(500)}"`));
    expect(message).toContain('system."a\\u001b[31m": unknown key');
    expect(message?.length).toBeLessThan(400);
  });
});

describe('all problems at once', () => {
  it('lists them by line, those without a line last', () => {
    const text = `[system]\nlog_level = 3\n${CLIENT.replace(/^peer.*\n/m, '')}[transport]\nudp_payload_size = 1\n`;
    expect(problemsOf(text).map((message) => message.split(' ')[1])).toEqual([
      'system.log_level:',
      'transport.udp_payload_size:',
      'general.peer_hostname:',
    ]);
  });

  it('names every required key of an empty file but those that depend on the mode', () => {
    expect(problemsOf('').map((message) => message.split(': ')[1])).toEqual([
      'general.mode',
      'general.peer_hostname',
      'tls.cert',
      'tls.key',
    ]);
  });
});

describe('lines', () => {
  it.each([
    [
      'after strings and arrays over several lines',
      '[transport]\na = """\n[system]\nb = 1\n"""\nc = [\n 1,\n # ]\n]\nbad = 1',
      10,
    ],
    ['of a quoted key', '[transport]\n\n"bad" = 1', 3],
    ['of a dotted key', '# comment\ntransport.bad = 1', 2],
    ['in an inline table', 'transport = { bad = 1 }', 1],
    ['with spaces in the header', '\n[ transport ] # comment\nbad = 1', 3],
    ['of a key that another section has too', '[system]\nbad = 1\n[transport]\nbad = 1', 4],
  ])('%s', (_, text, line) => {
    expect(parseSource('x', text).lineOf(['transport', 'bad'])).toBe(line);
  });

  it('gives none rather than a wrong one behind a very long statement', () => {
    const text = `[transport]\na = [${'\n1,'.repeat(500)}]\nbad = 1`;
    expect(parseSource('x', text).lineOf(['transport', 'bad'])).toBeUndefined();
  });
});

describe('hostile text', () => {
  const names = SECTION_NAMES.flatMap((section) => [section, ...Object.keys(SCHEMA[section])]);
  const word = fc.oneof(fc.constantFrom(...names, '__proto__', 'constructor', 'toString'), fc.string());
  const piece = fc.oneof(
    word,
    fc.constantFrom(
      '[',
      ']',
      '[[',
      ']]',
      '=',
      '.',
      '\n',
      '"',
      "'",
      '"""',
      '{',
      '}',
      ',',
      '#',
      '1',
      'true',
      '-inf',
      '1979-05-27',
    ),
    word.map((name) => `\n[${name}]\n`),
    fc.tuple(word, word).map(([name, value]) => `\n${name} = "${value}"\n`),
    fc.tuple(fc.constantFrom(...names), fc.bigInt()).map(([name, value]) => `\n${name} = ${value}\n`),
  );

  it('raises nothing but a ConfigError', () => {
    fc.assert(
      fc.property(fc.array(piece, { maxLength: 30 }), (pieces) => {
        problemsOf(pieces.join(''));
      }),
      { numRuns: 2000 },
    );
  });
});
