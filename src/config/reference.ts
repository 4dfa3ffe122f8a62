import type { AnyKey, Table } from './key.ts';
import { SCHEMA, SECTION_NAMES, type SectionName } from './schema.ts';

const INTRODUCTION = `# Configuration

<!-- Written by \`npm run docs\` from the tables in src/config. Change those, not this file. -->

One TOML file for each end: \`/etc/ptproxy/config.toml\`, or the one that \`--config\` names.
[client.toml](../config/client.toml) and [server.toml](../config/server.toml) are examples with every key.

The file is taken strictly. An unknown key, a wrong type, a value out of range or a file that cannot be read is an
error that names the file, the line and the key; all errors are listed at once, and the program ends with exit code 1.
Words are case-sensitive. Paths are relative to the folder of the configuration file.

\`ptproxy check\` validates a configuration with its keys and certificates, prints the values that count, and says what
they come to on the link.
`;

const PURPOSE: Readonly<Record<SectionName, string>> = {
  general: 'Which end this is, and its addresses.',
  tls: 'Who we are, and whom we trust. Both ends show a certificate and check that of the other.',
  transport:
    'The QUIC connection. A configuration without this section works on any link; on a link whose bandwidth and round-trip time are known, set `initial_rtt` and `initial_window` on both ends.',
  system: 'Sessions, requests, limits and logs.',
};

/** The reference of all keys, as Markdown. */
export function renderReference(): string {
  return [INTRODUCTION, ...SECTION_NAMES.map(renderSection)].join('\n');
}

function renderSection(section: SectionName): string {
  const table: Table = SCHEMA[section];
  const keys = Object.entries(table).map(([name, key]) => renderKey(name, key));
  return [`## [${section}]\n`, `${PURPOSE[section]}\n`, ...keys].join('\n');
}

// Not a Markdown table: its cells would be too long to be read, and padded by the formatter.
function renderKey(name: string, key: AnyKey): string {
  const mode = key.mode === undefined ? '' : ` Only with \`mode = "${key.mode}"\`.`;
  return [
    `### ${name}\n`,
    `${key.doc}${mode}\n`,
    `Allowed: ${key.type.allowed}. ${renderDefault(key)}.\n`,
  ].join('\n');
}

function renderDefault(key: AnyKey): string {
  const unit = key.type.unit === undefined ? '' : ` ${key.type.unit}`;
  switch (key.default.kind) {
    case 'required':
      return 'Required';
    case 'value':
      return `Default: \`${formatDefault(key, key.default.value)}\`${unit}`;
    default:
      return `Default: ${key.default.text}`;
  }
}

// Type and default of one table entry belong together; the compiler sees only the union of all of them.
const formatDefault = (key: { readonly type: { format(value: unknown): string } }, value: unknown): string =>
  key.type.format(value);
