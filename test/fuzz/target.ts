import type { Trace } from './trace.ts';

/** Something to be fuzzed: code of ours, and the rules that it has to keep for every input. */
export interface Target {
  readonly name: string;
  /** Longest input, in bytes. */
  readonly maxLength: number;
  /** Inputs to begin with: well-formed ones, so that what is deep inside is reached. */
  readonly seeds: readonly Uint8Array[];
  /** Pieces that are put into inputs. */
  readonly dictionary: readonly Uint8Array[];
  /**
   * Runs one input, which must not be kept. What it does is told to `trace`; a rule that is broken, and any error that
   * is not one of the code's own, is thrown. Asynchronous only where the code is.
   */
  run(input: Uint8Array, trace: Trace): void | Promise<void>;
}

/** A rule that every input has to keep was broken. */
export class Violation extends Error {
  override readonly name = 'Violation';
}

/** Throws a {@link Violation} unless `holds`. */
export function check(holds: boolean, rule: string): asserts holds {
  if (!holds) throw new Violation(rule);
}

/** Throws `error` again unless it is of the class that the code may throw; gives it otherwise. */
export function expected<E extends Error>(error: unknown, type: abstract new (...args: never[]) => E): E {
  if (error instanceof type) return error;
  throw error;
}

/** Whether two byte strings are the same. */
export function sameBytes(a: Uint8Array, b: Uint8Array): boolean {
  return Buffer.compare(a, b) === 0;
}

/** A text with one byte for each character. */
export const bytesOf = (text: string): Uint8Array => Buffer.from(text, 'latin1');
