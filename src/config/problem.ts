/** Something wrong in a file, and what would be right. */
export interface Problem {
  /** The configuration file, or a file that it names. */
  readonly file: string;
  /** Counted from 1; `undefined` where it cannot be told. */
  readonly line: number | undefined;
  readonly column: number | undefined;
  /** Section and key, such as `transport.initial_window`. */
  readonly key: string | undefined;
  readonly message: string;
}

/** A configuration that cannot be used, with everything that is wrong with it. */
export class ConfigError extends Error {
  readonly problems: readonly Problem[];

  constructor(problems: readonly Problem[]) {
    super(problems.map(formatProblem).join('\n'));
    this.name = 'ConfigError';
    this.problems = problems;
  }
}

/** A problem with a file as a whole, or with the key that names it. */
export function fileProblem(file: string, message: string, key?: string): Problem {
  return { file, line: undefined, column: undefined, key, message };
}

/** `file:line:column: key: message`, without the parts that are unknown. */
export function formatProblem(problem: Problem): string {
  const place = [problem.file, problem.line, problem.column].filter((part) => part !== undefined).join(':');
  return problem.key === undefined
    ? `${place}: ${problem.message}`
    : `${place}: ${problem.key}: ${problem.message}`;
}
