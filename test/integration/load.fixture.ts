/** Requests at a steady rate, GET and POST in turn, and what became of each. */
import { performance } from 'node:perf_hooks';
import { fetchWhole } from '../support/http-client.ts';
import { later } from './later.fixture.ts';

export interface Outcome {
  /** Milliseconds of `performance.now()`. */
  readonly start: number;
  readonly end: number;
  /** 0: the connection was cut. */
  readonly status: number;
}

export class Load {
  readonly #port: number;
  readonly #outcomes: Promise<Outcome>[] = [];
  readonly #timer: NodeJS.Timeout;
  #since = 0;
  #onAnswer: ((outcome: Outcome) => void) | undefined;

  /** `rate`: requests a second. */
  constructor(port: number, rate: number) {
    this.#port = port;
    this.#timer = setInterval(() => this.#outcomes.push(this.#request(this.#outcomes.length)), 1000 / rate);
  }

  /** Resolves when a request that starts from now on is answered with 200. */
  answered(): Promise<Outcome> {
    return this.#answeredSince(performance.now());
  }

  /** Resolves when any request is answered with 200. */
  anyAnswered(): Promise<Outcome> {
    return this.#answeredSince(0);
  }

  #answeredSince(since: number): Promise<Outcome> {
    const answer = later<Outcome>();
    this.#onAnswer = (outcome) => answer.happen(outcome);
    this.#since = since;
    return answer.happened;
  }

  /** Starts no more, and resolves when the last one has ended. */
  async stop(): Promise<readonly Outcome[]> {
    clearInterval(this.#timer);
    return Promise.all(this.#outcomes);
  }

  async #request(nth: number): Promise<Outcome> {
    const start = performance.now();
    const content = nth % 2 === 0 ? {} : { body: `content of request ${nth}` };
    const status = await fetchWhole({ port: this.#port, ...content }).then(
      (answer) => answer.status,
      () => 0,
    );
    const outcome = { start, end: performance.now(), status };
    if (status === 200 && start >= this.#since) this.#onAnswer?.(outcome);
    return outcome;
  }
}

export const duration = ({ start, end }: Outcome): number => end - start;

/** How many there are of each status. */
export function summary(outcomes: readonly Outcome[]): string {
  const counts = new Map<number, number>();
  for (const { status } of outcomes) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} × ${status || 'cut'}`).join(', ') || 'none';
}

export const ms = (milliseconds: number): string => `${milliseconds.toFixed(0)} ms`;
