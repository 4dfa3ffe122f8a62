import { dirname, resolve } from 'node:path';
import type { TomlTable, TomlValue } from 'smol-toml';
import { describeValue } from './describe.ts';
import { hintForKey, hintForSection } from './hints.ts';
import type { AnyKey, Derivation, Mode, Table } from './key.ts';
import type { Problem } from './problem.ts';
import { type Config, SCHEMA, SECTION_NAMES, type SectionName } from './schema.ts';
import { isTable, problemAt, type Source } from './source.ts';

/** The values of a file so far, by section and key. */
export type Draft = Readonly<Record<SectionName, Map<string, unknown>>>;

/** What a file came to: a draft without defaults, its mode where that is known, and all that is wrong. */
export interface Validation {
  readonly draft: Draft;
  readonly mode: Mode | undefined;
  readonly problems: readonly Problem[];
}

/** Checks every section and key of `source` by its table. */
export function validate(source: Source): Validation {
  const validator = new Validator(source);
  validator.checkDocument();
  return validator;
}

/** Puts the defaults into a draft without problems. */
export function complete(draft: Draft, mode: Mode, terminal: boolean): Config {
  const general = defaultsOf(SCHEMA.general, mode, draft.general, undefined);
  const transport = defaultsOf(SCHEMA.transport, mode, draft.transport, undefined);
  const from: Derivation = {
    peer_hostname: String(general.peer_hostname),
    initial_window: Number(transport.initial_window),
    terminal,
  };
  const values = SECTION_NAMES.map((name) => [name, defaultsOf(SCHEMA[name], mode, draft[name], from)]);
  // Each value was made by the type in its table, from which `Config` is derived: the compiler cannot follow that
  // through a loop over names.
  return Object.fromEntries(values) as Config;
}

class Validator implements Validation {
  readonly draft: Draft = { general: new Map(), tls: new Map(), transport: new Map(), system: new Map() };
  readonly mode: Mode | undefined;
  readonly problems: Problem[] = [];
  readonly #source: Source;
  readonly #directory: string;

  constructor(source: Source) {
    this.#source = source;
    this.#directory = dirname(resolve(source.file));
    const general = source.document.general;
    const mode = isTable(general) ? general.mode : undefined;
    this.mode = mode === undefined ? undefined : SCHEMA.general.mode.type.parse(mode, this.#directory);
  }

  checkDocument(): void {
    for (const [name, value] of Object.entries(this.#source.document)) {
      const section = SECTION_NAMES.find((known) => known === name);
      if (section === undefined) this.#refuseTopLevel(name, value);
      else if (isTable(value)) this.#checkSection(section, value);
      else this.#refuse([section], `found ${describeValue(value)}; allowed is one table [${section}]`);
    }
    for (const section of SECTION_NAMES) this.#checkRequired(section);
  }

  #checkSection(section: SectionName, values: TomlTable): void {
    const table: Table = SCHEMA[section];
    for (const [name, raw] of Object.entries(values)) {
      const key = Object.hasOwn(table, name) ? table[name] : undefined;
      if (key === undefined) this.#refuse([section, name], `unknown key${hintForKey(name, section)}`);
      else this.#checkKey(section, name, key, raw);
    }
  }

  #checkKey(section: SectionName, name: string, key: AnyKey, raw: TomlValue): void {
    const path = [section, name];
    const refusal = this.#whyNotHere(key);
    if (refusal !== undefined) {
      this.#refuse(path, refusal);
      return;
    }
    const value = key.type.parse(raw, this.#directory);
    if (value === undefined) this.#refuse(path, `found ${found(key, raw)}; allowed is ${key.type.allowed}`);
    else this.draft[section].set(name, value);
  }

  #whyNotHere(key: AnyKey): string | undefined {
    if (key.mode === undefined || this.mode === undefined || key.mode === this.mode) return undefined;
    return `found in a file with mode = "${this.mode}"; allowed only with mode = "${key.mode}"`;
  }

  #checkRequired(section: SectionName): void {
    const table: Table = SCHEMA[section];
    const values = this.#source.document[section];
    for (const [name, key] of Object.entries(table)) {
      const given = isTable(values) && Object.hasOwn(values, name);
      const applies = key.mode === undefined || key.mode === this.mode;
      if (given || !applies || key.default.kind !== 'required') continue;
      this.#refuse([section, name], `missing, but required; allowed is ${key.type.allowed}`);
    }
  }

  #refuseTopLevel(name: string, value: TomlValue): void {
    const message = isTable(value)
      ? `unknown section${hintForSection(name)}`
      : `unknown key outside any section${hintForKey(name, undefined)}`;
    this.#refuse([name], message);
  }

  #refuse(path: readonly string[], message: string): void {
    this.problems.push(problemAt(this.#source, path, message));
  }
}

function found(key: AnyKey, raw: TomlValue): string {
  const item = key.type.faulty?.(raw);
  return item === undefined ? describeValue(raw) : `${describeValue(item)} in the list`;
}

function defaultsOf(
  table: Table,
  mode: Mode,
  given: ReadonlyMap<string, unknown>,
  from: Derivation | undefined,
): Record<string, unknown> {
  const values: Record<string, unknown> = {};
  for (const [name, key] of Object.entries(table)) {
    if (key.mode !== undefined && key.mode !== mode) continue;
    values[name] = given.has(name) ? given.get(name) : defaultOf(key, from);
  }
  return values;
}

function defaultOf(key: AnyKey, from: Derivation | undefined): unknown {
  if (key.default.kind === 'value') return key.default.value;
  return key.default.kind === 'derived' && from !== undefined ? key.default.derive(from) : undefined;
}
