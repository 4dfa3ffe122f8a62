import type { Running } from './running.ts';
import {
  type Notify,
  readyMessage,
  reloadingMessage,
  statusMessage,
  stoppingMessage,
} from './system/systemd.ts';
import { StatusReporter } from './system/systemd-status.ts';

/** Where a service is in its life, when that says more than what its end does. */
type Stage = 'reloading' | 'waiting for outstanding connections to close' | 'waiting for endpoint to finish';

/** An end as systemd sees it: its states, and a status that is kept up to date. */
export class Service {
  readonly #running: Running;
  readonly #notify: Notify;
  readonly #remark: () => string;
  readonly #reporter: StatusReporter;
  #stage: Stage | undefined;

  /** `remark`: what the status says besides, empty when there is nothing. */
  constructor(running: Running, notify: Notify, remark: () => string) {
    this.#running = running;
    this.#remark = remark;
    this.#notify = notify;
    this.#reporter = new StatusReporter(
      () => this.#status(),
      (status) => notify(statusMessage(status)),
      () => performance.now(),
    );
  }

  /** What it does, in one line. */
  get status(): string {
    return this.#reporter.text;
  }

  /** It runs. With `wait` it is ready when the first attempt to connect has ended, otherwise at once. */
  started(wait: boolean): void {
    if (!wait) this.#ready();
    this.#reporter.start();
    if (wait) void this.#running.attempted.then(() => this.#ready());
  }

  /** A reload begins. */
  reloading(): void {
    this.#stage = 'reloading';
    this.#notify(reloadingMessage(this.#reporter.take(), process.hrtime.bigint()));
  }

  /** The reload is over, well or badly. */
  reloaded(): void {
    if (this.#stage !== 'reloading') return;
    this.#stage = undefined;
    this.#ready();
  }

  /** It takes nothing new; what is in flight has `timeout` milliseconds. */
  stopping(timeout: number): void {
    this.#stage = 'waiting for outstanding connections to close';
    this.#notify(stoppingMessage(this.#reporter.take(), timeout));
  }

  /** Nothing is in flight any more. */
  closing(): void {
    this.#stage = 'waiting for endpoint to finish';
    this.#reporter.look();
  }

  // A service that is about to end does not become ready any more.
  #ready(): void {
    if (this.#stage === undefined) this.#notify(readyMessage(this.#reporter.take()));
  }

  #status() {
    const { state, figures } = this.#running.status();
    const all = [figures, this.#remark()].filter((part) => part !== '');
    return { state: this.#stage ?? state, figures: all.join(', ') };
  }
}
