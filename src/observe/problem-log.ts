/** A line of the log that somebody should know of. */
export interface LoggedProblem {
  /** Milliseconds since 1970. */
  readonly at: number;
  readonly level: 'warn' | 'error';
  readonly message: string;
}

/** How many lines are kept, and how much of each. */
const CAPACITY = 20;
const LENGTH = 500;

/** Keeps the most recent warnings and errors of the log, oldest first. */
export class ProblemLog {
  readonly #problems: LoggedProblem[] = [];

  get problems(): readonly LoggedProblem[] {
    return this.#problems;
  }

  readonly keep = (level: LoggedProblem['level'], message: string): void => {
    const text = message.length > LENGTH ? `${message.slice(0, LENGTH)}…` : message;
    this.#problems.push({ at: Date.now(), level, message: text });
    if (this.#problems.length > CAPACITY) this.#problems.shift();
  };
}
