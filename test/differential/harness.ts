/** The pair under test between senders and a strict origin, and the judgement on what happens between them. */
import { clientInProcess, serverInProcess } from '../support/in-process.ts';
import { type Discrepancy, discrepancy, type Outcome, type Seen } from './compare.ts';
import type { Case } from './generator.ts';
import { meaningOf } from './oracle.ts';
import { startStrictOrigin } from './raw-origin.ts';
import { dispatch } from './sender.ts';
import type { StrictRequest } from './strict-parser.ts';
import { caseOf, tagOf } from './tags.ts';

/** What was found, and where. */
export interface Finding extends Discrepancy {
  readonly text: string;
  readonly cuts: readonly number[];
}

interface Running {
  readonly seen: Seen[];
  readonly malformed: string[];
  /** Set when it was judged: nothing may come then. */
  isOver: boolean;
}

/** Nobody reads what the two ends log of 100,000 bad requests. */
const SILENT = { debug: () => {}, info: () => {}, warn: () => {}, error: () => {} };

/** How long a case may take alone, in ms. */
const PATIENCE_ALONE = 500;

export class Harness {
  readonly findings: Finding[] = [];
  readonly #running = new Map<string, Running>();
  #alone: Running | undefined;
  #stop: () => Promise<void> = async () => {};
  #port = 0;

  /** Starts everything. `bypass` leaves the pair out: senders then speak to the origin itself. */
  static async start(bypass = false): Promise<Harness> {
    const harness = new Harness();
    await harness.#start(bypass);
    return harness;
  }

  private constructor() {}

  stop(): Promise<void> {
    return this.#stop();
  }

  /** Sends a case and judges it, after `patience` ms at the latest. Any number of them may run at once. */
  async run(subject: Case, patience: number): Promise<void> {
    const running: Running = { seen: [], malformed: [], isOver: false };
    this.#running.set(subject.tag, running);
    const found = await this.#judge(subject, running, patience);
    if (found !== undefined) this.findings.push({ ...found, text: subject.text, cuts: subject.cuts });
  }

  /** Sends bytes while nothing else runs; gives what is wrong with what happens. */
  async runAlone(text: string, cuts: readonly number[]): Promise<Discrepancy | undefined> {
    const running: Running = { seen: [], malformed: [], isOver: false };
    this.#alone = running;
    return this.#judge({ text, cuts }, running, PATIENCE_ALONE);
  }

  async #judge(
    subject: Pick<Case, 'text' | 'cuts'>,
    running: Running,
    patience: number,
  ): Promise<Discrepancy | undefined> {
    const meaning = meaningOf(subject.text);
    const result = await dispatch(this.#port, {
      text: subject.text,
      cuts: subject.cuts,
      methods: meaning.requests.map(({ method }) => method),
      staysOpen: meaning.ending === 'incomplete',
      patience,
    });
    running.isOver = true;
    const outcome: Outcome = { ...result, seen: running.seen, malformed: running.malformed };
    return discrepancy(meaning, outcome);
  }

  async #start(bypass: boolean): Promise<void> {
    const origin = await startStrictOrigin({
      onRequest: (request, tag) => this.#onRequest(request, tag),
      onMalformed: (text, reason) => this.#onMalformed(text, reason),
    });
    if (bypass) {
      this.#port = origin.port;
      this.#stop = origin.stop;
      return;
    }
    const server = await serverInProcess(origin.port, {}, SILENT);
    const client = await clientInProcess(server.quicPort, {}, SILENT);
    this.#port = client.httpPort;
    this.#stop = async () => {
      await client.stop();
      await server.stop();
      await origin.stop();
    };
  }

  #onRequest(request: StrictRequest, tag: string): void {
    const running = this.#alone ?? this.#running.get(caseOf(tag));
    const text = `${request.method} ${request.target} ${JSON.stringify(request.fields)}`;
    if (running === undefined) this.#stray(text, 'the origin saw a request of no case');
    else if (running.isOver) this.#stray(text, 'the origin saw a request when its case was over');
    else running.seen.push({ request, tag });
  }

  #onMalformed(text: string, reason: string): void {
    const tag = tagOf({ target: text, fields: [] });
    const running = this.#alone ?? this.#running.get(caseOf(tag));
    if (running === undefined) this.#stray(text, `the origin got malformed bytes of no case: ${reason}`);
    else running.malformed.push(reason);
  }

  #stray(text: string, what: string): void {
    this.findings.push({ kind: 'stray', text, cuts: [], what });
  }
}

/** Whether the origin could tell every request of these bytes by its mark. */
export function isTraceable({ text, tag }: Case): boolean {
  return meaningOf(text).requests.every((request) => caseOf(tagOf(request)) === tag);
}
