import { parse, type TomlTable, type TomlValue } from 'smol-toml';
import { describeKey } from './describe.ts';
import { readRegularFile } from './files.ts';
import { ConfigError, fileProblem, type Problem } from './problem.ts';

/** A configuration file that is well-formed TOML. */
export interface Source {
  /** As the user named it. */
  readonly file: string;
  readonly document: TomlTable;
  /** The line on which a section or a key (section, key) first stands, or `undefined` where it cannot be told. */
  lineOf(path: readonly string[]): number | undefined;
}

const MAX_FILE_SIZE = 1_048_576;

/** Reads and parses `file`. Integers come as bigint, so that they differ from floats. Throws a {@link ConfigError}. */
export function readSource(file: string): Source {
  const content = readRegularFile(file, MAX_FILE_SIZE);
  if (!Buffer.isBuffer(content)) {
    throw new ConfigError([fileProblem(file, `cannot read the configuration file: ${content.reason}`)]);
  }
  return parseSource(file, decode(file, content));
}

/** Parses `text`, the content of `file`. Throws a {@link ConfigError}. */
export function parseSource(file: string, text: string): Source {
  const document = parseDocument(file, text);
  let lines: ReadonlyMap<string, number> | undefined;
  return {
    file,
    document,
    lineOf: (path) => {
      lines ??= locateKeys(text);
      return lines.get(JSON.stringify(path));
    },
  };
}

/** A problem with the section or key at `path`. */
export function problemAt(source: Source, path: readonly string[], message: string): Problem {
  return {
    ...fileProblem(source.file, message, path.map(describeKey).join('.')),
    line: source.lineOf(path),
  };
}

/** Whether a TOML value is a table. */
export function isTable(value: TomlValue | undefined): value is TomlTable {
  return typeof value === 'object' && !Array.isArray(value) && Object.getPrototypeOf(value) === null;
}

function decode(file: string, content: Buffer): string {
  try {
    return new TextDecoder('utf-8', { fatal: true }).decode(content);
  } catch {
    throw new ConfigError([fileProblem(file, 'not UTF-8 text: a configuration is TOML, which is UTF-8')]);
  }
}

function parseDocument(file: string, text: string): TomlTable {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch (error) {
    throw new ConfigError([syntaxProblem(file, error)]);
  }
}

// The parser's message goes on with a picture of the place, which the line and column say as well.
function syntaxProblem(file: string, error: unknown): Problem {
  const text = error instanceof Error ? error.message : String(error);
  const reason = (text.split('\n')[0] ?? '').replace(/^Invalid TOML document: /, '');
  return {
    ...fileProblem(file, `not valid TOML: ${reason}`),
    line: numberIn(error, 'line'),
    column: numberIn(error, 'column'),
  };
}

function numberIn(error: unknown, name: 'line' | 'column'): number | undefined {
  const value: unknown = error instanceof Error ? Reflect.get(error, name) : undefined;
  return typeof value === 'number' ? value : undefined;
}

// A statement over more lines than this ends the search: trying each prefix of it costs the square.
const MAX_STATEMENT_LINES = 100;

/**
 * Finds the lines of all sections and keys of a well-formed document, up to two levels deep. A statement of TOML
 * fills whole lines, so the shortest run of lines that the parser takes is one: no grammar is needed here, and no
 * line is guessed.
 */
function locateKeys(text: string): ReadonlyMap<string, number> {
  const found = new Map<string, number>();
  const lines = text.replace(/^\uFEFF/, '').split('\n');
  let header: readonly string[] = [];
  for (let start = 0, end = 1; end <= lines.length; end++) {
    const statement = parseStatement(`${lines.slice(start, end).join('\n')}\n`);
    if (statement === undefined && end - start > MAX_STATEMENT_LINES) break;
    if (statement === undefined) continue;
    const isHeader = (lines[start] ?? '').trimStart().startsWith('[');
    const prefix = isHeader ? [] : header;
    const paths = pathsIn(statement);
    for (const path of paths) note(found, [...prefix, ...path], start + 1);
    if (isHeader) header = paths.at(-1) ?? [];
    start = end;
  }
  return found;
}

function parseStatement(text: string): TomlTable | undefined {
  try {
    return parse(text, { integersAsBigInt: true });
  } catch {
    return undefined;
  }
}

function pathsIn(table: TomlTable): readonly string[][] {
  return Object.entries(table).flatMap(([name, value]) => [
    [name],
    ...(isTable(value) ? Object.keys(value).map((key) => [name, key]) : []),
  ]);
}

function note(found: Map<string, number>, path: readonly string[], line: number): void {
  for (let depth = 1; depth <= Math.min(path.length, 2); depth++) {
    const key = JSON.stringify(path.slice(0, depth));
    if (!found.has(key)) found.set(key, line);
  }
}
