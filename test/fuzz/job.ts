/** What the command and the thread that fuzzes tell each other. */
import type { Finding, Watcher } from './fuzzer.ts';

/** How much is to be done of one target: what is reached first ends it. */
export interface Job {
  readonly target: string;
  readonly runs: number;
  readonly seconds: number;
  readonly seed: number;
  /** Whether to write the best inputs into the corpus. */
  readonly keep: boolean;
  readonly progress: SharedArrayBuffer;
}

/** How it went. */
export interface Outcome {
  readonly executions: number;
  /** What else there is to tell of it. */
  readonly figures: object;
  readonly findings: readonly Finding[];
}

/** Longest input that any target may have. */
const MOST_INPUT = 65_536;

/**
 * Memory that both threads see: how many executions were begun, and the input of the last. A thread that hangs in
 * one cannot tell anybody itself.
 */
export class Progress {
  readonly #numbers: Float64Array;
  readonly #input: Uint8Array;

  constructor(memory: SharedArrayBuffer = new SharedArrayBuffer(16 + MOST_INPUT)) {
    this.#numbers = new Float64Array(memory, 0, 2);
    this.#input = new Uint8Array(memory, 16);
  }

  get memory(): SharedArrayBuffer {
    return this.#numbers.buffer as SharedArrayBuffer;
  }

  get executions(): number {
    return this.#numbers[0] ?? 0;
  }

  get input(): Uint8Array {
    return Uint8Array.from(this.#input.subarray(0, this.#numbers[1]));
  }

  note(executions: number, input: Uint8Array): void {
    this.#input.set(input);
    this.#numbers[1] = input.length;
    this.#numbers[0] = executions;
  }
}

/** Ends a run when its job is done, and writes down how far it is. */
export function watcherOf({ runs, seconds, progress }: Job): Watcher {
  const shown = new Progress(progress);
  const end = performance.now() + seconds * 1000;
  return {
    proceed(executions, input) {
      shown.note(executions + 1, input);
      return executions < runs && performance.now() < end;
    },
  };
}
