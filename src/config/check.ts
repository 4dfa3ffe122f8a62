import { readFileSync } from 'node:fs';
import { describeCertificate, findAnchor, whyNotUsableIn, whyNotValidAt } from './certificate.ts';
import { certificatesIn, type Identity, readIdentity } from './identity.ts';
import { type BufferLimits, describeImplications, findContradictions } from './implications.ts';
import type { Table } from './key.ts';
import { type Loaded, resolveSource } from './load.ts';
import { ConfigError, fileProblem, formatProblem } from './problem.ts';
import type { Environment } from './relations.ts';
import { SCHEMA, SECTION_NAMES, type SectionName } from './schema.ts';
import { readSource } from './source.ts';

/** What `ptproxy check` found. */
export interface CheckResult {
  /** Whether this configuration can work. Warnings do not count. */
  readonly ok: boolean;
  /** Lines for a person: effective values, certificates, implications, warnings, errors. Ends with a line end. */
  readonly report: string;
}

/** Validates a configuration and the files that it names as of `now`, and says what its values come to. */
export function checkConfiguration(
  file: string,
  env: Environment = process.env,
  now: Date = new Date(),
): CheckResult {
  const report = new Report(file);
  const loaded = report.attempt(() => resolveSource(readSource(file), env, process.stdout.isTTY === true));
  if (loaded !== undefined) checkLoaded(report, loaded, env, now);
  return report.result();
}

function checkLoaded(report: Report, loaded: Loaded, env: Environment, now: Date): void {
  const { config } = loaded;
  for (const section of SECTION_NAMES) report.section(`[${section}]`, effectiveValues(loaded, section));
  const identity = report.attempt(() => readIdentity(config.tls, env));
  if (identity !== undefined) checkIdentity(report, loaded, identity, now);
  report.section('What the values imply', describeImplications(config));
  report.warnings.push(...findContradictions(config, readBufferLimits()));
  if (config.tls.skip_verify) report.warnings.push('tls.skip_verify is true: anybody can be the other end');
}

/** The values that count in a section, as TOML. */
function effectiveValues(loaded: Loaded, section: SectionName): readonly string[] {
  const table: Table = SCHEMA[section];
  const values: Readonly<Record<string, unknown>> = loaded.config[section];
  return Object.entries(table).flatMap(([name, key]) => {
    if (!(name in values)) return [];
    if (loaded.isGiven(section, name)) return [`${name} = ${formatValue(key, values[name])}`];
    if (key.default.kind === 'unset') return [`# ${name}: ${key.default.text} (default)`];
    return [`${name} = ${formatValue(key, values[name])}  # default`];
  });
}

// The value was made by the same key's `parse`.
const formatValue = (key: { readonly type: { format(value: unknown): string } }, value: unknown): string =>
  key.type.format(value);

function checkIdentity(report: Report, loaded: Loaded, identity: Identity, now: Date): void {
  const { tls, general } = loaded.config;
  const [leaf] = identity.certificates;
  report.warnings.push(...identity.warnings);
  report.section('Our certificate', describeIdentity(identity, now));
  const faults = identity.certificates.map((certificate) => whyNotValidAt(certificate, now));
  if (leaf !== undefined) faults.push(whyNotUsableIn(leaf, general.mode));
  for (const fault of faults) {
    if (fault !== undefined) report.errors.push(formatProblem(fileProblem(tls.cert, fault, 'tls.cert')));
  }
  if (tls.ca !== undefined) report.warnings.push(...outdatedAuthorities(tls.ca, identity, now));
  if (leaf?.subjectAltName === undefined) {
    report.warnings.push('our certificate has no subject alternative name: most peers will refuse it');
  }
}

// One bad authority of several does no harm while the other end's chain leads to another.
const outdatedAuthorities = (file: string, identity: Identity, now: Date): readonly string[] =>
  certificatesIn(identity.ca).flatMap((certificate) => {
    const reason = whyNotValidAt(certificate, now);
    return reason === undefined ? [] : [formatProblem(fileProblem(file, reason, 'tls.ca'))];
  });

const DAY = 86_400_000;

function describeIdentity(identity: Identity, now: Date): readonly string[] {
  const lines = identity.certificates.flatMap((certificate, index) => {
    const facts = describeCertificate(certificate);
    const days = Math.floor((facts.notAfter.getTime() - now.getTime()) / DAY);
    const names = facts.names.length === 0 ? [] : [`   names: ${facts.names.join(', ')}`];
    return [
      `${index + 1}. ${facts.subject}, issued by ${facts.issuer}`,
      ...(index === 0 ? names : []),
      `   valid ${facts.notBefore.toISOString()} to ${facts.notAfter.toISOString()} (${days} days left)`,
    ];
  });
  return [...lines, describeAnchor(identity)];
}

function describeAnchor(identity: Identity): string {
  const anchor = findAnchor(identity.certificates, certificatesIn(identity.ca));
  return anchor === undefined
    ? 'does not lead to an authority in tls.ca: right only if the other end trusts another authority than we do'
    : `leads to ${describeCertificate(anchor).subject} in tls.ca; the other end must trust it too`;
}

function readBufferLimits(): BufferLimits {
  return { receive: readLimit('rmem_max'), send: readLimit('wmem_max') };
}

// Linux has it; elsewhere nothing is known.
function readLimit(name: string): number | undefined {
  try {
    const limit = Number.parseInt(readFileSync(`/proc/sys/net/core/${name}`, 'latin1'), 10);
    return Number.isNaN(limit) ? undefined : limit;
  } catch {
    return undefined;
  }
}

/** Collects sections, warnings and errors, and puts the errors last, where they are seen. */
class Report {
  readonly errors: string[] = [];
  readonly warnings: string[] = [];
  readonly #file: string;
  readonly #sections: string[] = [];

  constructor(file: string) {
    this.#file = file;
  }

  section(title: string, lines: readonly string[]): void {
    this.#sections.push([title, ...lines.map((line) => `  ${line}`)].join('\n'));
  }

  /** The action's result; a {@link ConfigError} is added to the errors instead. */
  attempt<T>(action: () => T): T | undefined {
    try {
      return action();
    } catch (error) {
      if (!(error instanceof ConfigError)) throw error;
      this.errors.push(...error.problems.map(formatProblem));
      return undefined;
    }
  }

  result(): CheckResult {
    const ok = this.errors.length === 0;
    if (this.warnings.length > 0) this.section('Warnings', this.warnings);
    if (!ok) this.section('Errors', this.errors);
    const verdict = ok ? `${this.#file}: valid` : `${this.#file}: not valid, see the errors above`;
    return { ok, report: `${[...this.#sections, verdict].join('\n\n')}\n` };
  }
}
