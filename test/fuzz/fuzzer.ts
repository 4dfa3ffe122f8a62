/** Fuzzing one target: makes inputs, runs them, keeps what is new, and makes what it finds small. */
import { Random } from '../support/random.ts';
import { Mutator } from './mutator.ts';
import type { Target } from './target.ts';
import { Trace } from './trace.ts';

/** An input that breaks a rule. */
export interface Finding {
  readonly input: Uint8Array;
  readonly message: string;
  readonly stack: string;
}

/** How a run is going; given before each execution. */
export interface Watcher {
  /** `false` ends the run. */
  proceed(executions: number, input: Uint8Array): boolean;
}

/** Inputs kept in memory. */
const MOST_KEPT = 4096;

/** How many different findings a run gathers before it stops, and how often it tries to make one smaller. */
const MOST_FINDINGS = 5;
const ATTEMPTS_TO_SHRINK = 2000;

/** What the errors that tell one execution from another cost most is their stack, which only findings need. */
const STACK = 20;

export class Fuzzer {
  readonly trace = new Trace();
  readonly findings: Finding[] = [];
  readonly #target: Target;
  readonly #random: Random;
  readonly #mutator: Mutator;
  readonly #kept: Uint8Array[] = [];
  #executions = 0;

  constructor(target: Target, seed: number) {
    this.#target = target;
    this.#random = new Random(seed);
    this.#mutator = new Mutator(target, this.#random);
  }

  get executions(): number {
    return this.#executions;
  }

  /** Inputs that brought something new. */
  get kept(): readonly Uint8Array[] {
    return this.#kept;
  }

  /** Runs the target's seeds and `corpus`, then variations of them, for as long as `watcher` wants. */
  async run(corpus: readonly Uint8Array[], watcher: Watcher): Promise<void> {
    const limit = Error.stackTraceLimit;
    Error.stackTraceLimit = 0;
    try {
      for (const input of [...this.#target.seeds, ...corpus, new Uint8Array(0)]) {
        if (!watcher.proceed(this.#executions, input)) return;
        await this.#execute(input);
      }
      if (this.#kept.length === 0) this.#kept.push(new Uint8Array(0));
      await this.#vary(watcher);
    } finally {
      Error.stackTraceLimit = limit;
    }
  }

  async #vary(watcher: Watcher): Promise<void> {
    while (this.findings.length < MOST_FINDINGS) {
      const input = this.#mutator.mutate(this.#choose(), this.#choose());
      if (!watcher.proceed(this.#executions, input)) return;
      // Most targets are not asynchronous, and awaiting nothing would cost more than they do.
      const pending = this.#execute(input);
      if (pending !== undefined) await pending;
    }
  }

  // The newest are tried more often: there is more to be found near them.
  #choose(): Uint8Array {
    const { length } = this.#kept;
    const at = this.#random.chance(0.5)
      ? this.#random.below(length)
      : length - 1 - this.#random.below(Math.min(length, 32));
    return this.#kept[at] as Uint8Array;
  }

  #execute(input: Uint8Array): undefined | Promise<void> {
    this.#executions++;
    this.trace.start();
    try {
      const pending = this.#target.run(input, this.trace);
      if (pending !== undefined) return this.#finish(input, pending);
    } catch (error) {
      return this.#found(Buffer.from(input), error);
    }
    this.#keepIfNew(input);
    return undefined;
  }

  async #finish(input: Uint8Array, pending: Promise<void>): Promise<void> {
    try {
      await pending;
    } catch (error) {
      return this.#found(Buffer.from(input), error);
    }
    this.#keepIfNew(input);
  }

  #keepIfNew(input: Uint8Array): void {
    if (!this.trace.isNews()) return;
    const copy = Uint8Array.from(input);
    if (this.#kept.length < MOST_KEPT) this.#kept.push(copy);
    else this.#kept[this.#random.below(MOST_KEPT)] = copy;
  }

  // Findings that differ in numbers alone are one.
  async #found(input: Uint8Array, error: unknown): Promise<void> {
    const kind = kindOf(error);
    if (this.findings.some((finding) => kindOf(finding) === kind)) return;
    const small = await shrink(
      input,
      async (smaller) => kindOf(await failure(this.#target, smaller)) === kind,
    );
    Error.stackTraceLimit = STACK;
    const again = (await failure(this.#target, small)) ?? error;
    Error.stackTraceLimit = 0;
    const { message, stack = '' } = again instanceof Error ? again : new Error(String(again));
    this.findings.push({ input: small, message, stack });
  }
}

/** What an input makes the target throw, or `undefined`. */
export async function failure(target: Target, input: Uint8Array): Promise<unknown> {
  const trace = new Trace();
  trace.start();
  try {
    await target.run(input, trace);
    return undefined;
  } catch (error) {
    return error;
  }
}

function kindOf(error: unknown): string {
  const message = error instanceof Error || isFinding(error) ? error.message : String(error);
  return message.replace(/[0-9]+/g, '0').slice(0, 80);
}

const isFinding = (value: unknown): value is Finding =>
  typeof value === 'object' && value !== null && 'message' in value && 'input' in value;

/** Leaves out parts of `input`, ever smaller ones, as long as it stays `interesting`. */
export async function shrink(
  input: Uint8Array,
  interesting: (smaller: Uint8Array) => Promise<boolean>,
): Promise<Uint8Array> {
  let small = Buffer.from(input);
  let attempts = 0;
  for (let size = small.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < small.length && attempts++ < ATTEMPTS_TO_SHRINK; ) {
      const smaller = Buffer.concat([small.subarray(0, at), small.subarray(at + size)]);
      if (await interesting(smaller)) small = smaller;
      else at += size;
    }
  }
  return small;
}
