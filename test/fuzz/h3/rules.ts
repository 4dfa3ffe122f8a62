import { Violation } from '../target.ts';

/**
 * Rules that are looked at within calls of the code under test. It contains errors of those whom it calls, so that
 * the first rule broken is kept until somebody asks.
 */
export class Rules {
  #broken: string | undefined;

  check(holds: boolean, rule: string): void {
    if (!holds) this.#broken ??= rule;
  }

  /** Throws a Violation if one was broken. */
  conclude(): void {
    if (this.#broken !== undefined) throw new Violation(this.#broken);
  }
}
