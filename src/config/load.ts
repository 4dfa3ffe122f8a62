import { ConfigError, type Problem } from './problem.ts';
import { checkRelations, type Environment } from './relations.ts';
import type { Config, SectionName } from './schema.ts';
import { readSource, type Source } from './source.ts';
import { complete, validate } from './validate.ts';

/** A configuration and where its values came from. */
export interface Loaded {
  readonly config: Config;
  /** Whether the key stands in the file; otherwise its default counts. */
  isGiven(section: SectionName, key: string): boolean;
}

/**
 * Reads and validates a configuration file, and sees that the files it names can be read. `terminal` says whether
 * standard output is one. Throws a {@link ConfigError} with all problems, in the order of their lines.
 */
export function loadConfig(
  file: string,
  env: Environment = process.env,
  terminal: boolean = process.stdout.isTTY === true,
): Config {
  return resolveSource(readSource(file), env, terminal).config;
}

/** As {@link loadConfig}, for a file that was read already. */
export function resolveSource(source: Source, env: Environment, terminal: boolean): Loaded {
  const { draft, mode, problems } = validate(source);
  const all = [...problems, ...checkRelations(source, draft, env)];
  if (mode === undefined || all.length > 0) throw new ConfigError(all.sort(byLine));
  return {
    config: complete(draft, mode, terminal),
    isGiven: (section, key) => draft[section].has(key),
  };
}

// Problems without a line, mostly keys that are missing, come last.
function byLine(a: Problem, b: Problem): number {
  return (a.line ?? Number.MAX_SAFE_INTEGER) - (b.line ?? Number.MAX_SAFE_INTEGER);
}
