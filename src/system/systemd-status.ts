import { atEachBeat } from './heartbeat.ts';

/** What a service does, for people. */
export interface Status {
  /** Changes rarely, and is told soon. */
  readonly state: string;
  /** Change all the time, and are told now and then; empty when there are none. */
  readonly figures: string;
}

/** At most so often figures are told of, milliseconds. */
const FIGURES = 5000;

/** Tells of a status when it has changed, at a bounded rate. */
export class StatusReporter {
  readonly #describe: () => Status;
  readonly #tell: (text: string) => void;
  readonly #clock: () => number;
  #told: { readonly state: string; readonly text: string; readonly at: number } | undefined;
  #end: (() => void) | undefined;

  /** `clock`: monotonic, milliseconds. */
  constructor(describe: () => Status, tell: (text: string) => void, clock: () => number) {
    this.#describe = describe;
    this.#tell = tell;
    this.#clock = clock;
  }

  /** Tells now, and from now on by itself. */
  start(): void {
    this.look();
    this.#end = atEachBeat(() => this.look());
  }

  stop(): void {
    this.#end?.();
  }

  /** The status as one text. */
  get text(): string {
    const { state, figures } = this.#describe();
    return figures === '' ? state : `${state}; ${figures}`;
  }

  /** The same, for the caller to tell. */
  take(): string {
    const { state } = this.#describe();
    const { text } = this;
    this.#told = { state, text, at: this.#clock() };
    return text;
  }

  /** Tells if there is something new, and it is time for it. */
  look(): void {
    const told = this.#told;
    const due = told === undefined || told.at + FIGURES <= this.#clock();
    if (!due && this.#describe().state === told.state) return;
    const text = this.take();
    if (text !== told?.text) this.#tell(text);
  }
}
