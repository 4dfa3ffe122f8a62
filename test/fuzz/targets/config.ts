import { stringify } from 'smol-toml';
import { resolveSource } from '../../../src/config/load.ts';
import { ConfigError } from '../../../src/config/problem.ts';
import { SCHEMA, SECTION_NAMES } from '../../../src/config/schema.ts';
import { parseSource } from '../../../src/config/source.ts';
import { bytesOf, check, expected, type Target } from '../target.ts';

// Files that are there to be named: what they hold is looked at later.
const TLS = '[tls]\nca = "package.json"\ncert = "package.json"\nkey = "package.json"\n';
const CLIENT = `[general]\nmode = "Client"\npeer_hostname = "a.example"\nhttp_bind_address = "[::1]:80"\n${TLS}`;
const SERVER = `[general]\nmode = "Server"\npeer_hostname = "b"\nhttp_connect_address = "127.0.0.1:80"\n${TLS}`;

const KEYS = SECTION_NAMES.flatMap((section) => Object.keys(SCHEMA[section]).map((key) => `\n${key} = `));

/**
 * The text of a configuration: problems that each say something in one line, or a configuration that is the same when
 * its document is written anew.
 */
export const config: Target = {
  name: 'config',
  maxLength: 600,
  seeds: [
    `${CLIENT}[transport]\ninitial_window = 487500\ncongestion_algorithm = "Cubic"\n`,
    `${SERVER}[system]\nlog_level = "debug"\nadd_forwarded = true\nwatchdog_factor = 2.5\n`,
    `${CLIENT}skip_verify = true\n[system]\nhold_timeout = 0x10\n[transport]\nkeep_alive_interval = 9000\n`,
    'general.mode = "Client"\ntls = {ca = """\na"""}\n[[transport]]\n[system]\nx = 1979-05-27',
  ].map(bytesOf),
  dictionary: [
    ...KEYS,
    ...[
      '[general]\n',
      '[tls]\n',
      '[transport]\n',
      '[system]\n',
      '"',
      '"""\n',
      "'''",
      '= [',
      ']',
      '{',
      '}',
      '#',
      '\n',
    ],
    ...[
      'true',
      'inf',
      '-1',
      '0x7fffffffffffffff',
      '1e3',
      '"\\u0000"',
      '"127.0.0.1:0"',
      '"Server"',
      '__proto__',
      '.',
    ],
  ].map(bytesOf),
  run(input, trace) {
    const text = Buffer.from(input).toString('utf8');
    try {
      const source = parseSource('config.toml', text);
      const { config: loaded } = resolveSource(source, {}, false);
      trace.hit(1);
      for (const section of SECTION_NAMES) for (const key of Object.keys(loaded[section])) trace.say(key);
      const again = resolveSource(parseSource('config.toml', stringify(source.document)), {}, false);
      check(JSON.stringify(again.config) === JSON.stringify(loaded), 'written anew it means the same');
    } catch (error) {
      const { problems } = expected(error, ConfigError);
      check(problems.length > 0, 'what is refused has a problem');
      for (const { message, key = '', line } of problems) {
        trace.say(message.slice(0, 16));
        if (KEYS.includes(`\n${key.split('.')[1]} = `)) trace.say(key);
        check(message !== '' && !/\p{Cc}/u.test(message + key), 'a problem is a line of plain text');
        check(
          line === undefined || (line > 0 && line <= text.split('\n').length),
          'a line of the file is named',
        );
      }
    }
  },
};
