import { type ChildProcess, fork } from 'node:child_process';
import { once } from 'node:events';
import { fileURLToPath } from 'node:url';
import type { Direction, Link, LinkOptions } from '../../src/demo/link.ts';
import type { WanLink } from './variant.ts';

const WORKER = fileURLToPath(new URL('link-worker.ts', import.meta.url));

/** What the process is told: to say what the link has carried, or to change conditions. */
export type Order = 'count' | { readonly direction: Direction; readonly conditions: Partial<WanLink> };

/** An emulated link in a process of its own: what load there is to make and to take does not hold datagrams up. */
export class LinkProcess {
  readonly #child: ChildProcess;
  /** Where clients are served, at 127.0.0.1. */
  readonly port: number;

  static async open(options: LinkOptions): Promise<LinkProcess> {
    const child = fork(WORKER, [JSON.stringify(options)], { execArgv: ['--import', 'tsx'] });
    return new LinkProcess(child, Number(await answer(child)));
  }

  private constructor(child: ChildProcess, port: number) {
    this.#child = child;
    this.port = port;
  }

  /** Changes conditions for the datagrams to come. */
  change(direction: Direction, conditions: Partial<WanLink>): void {
    this.#order({ direction, conditions });
  }

  /** What it has carried so far. One call at a time. */
  async counters(): Promise<Link['counters']> {
    this.#order('count');
    return (await answer(this.#child)) as Link['counters'];
  }

  async close(): Promise<void> {
    const exited = once(this.#child, 'exit');
    this.#child.disconnect();
    await exited;
  }

  #order(order: Order): void {
    this.#child.send(order);
  }
}

/** The next thing that the process says. Rejects when it ends instead. */
function answer(child: ChildProcess): Promise<unknown> {
  return new Promise((resolve, reject) => {
    const onExit = (): void => reject(new Error('the emulated link has ended'));
    child.once('exit', onExit);
    child.once('message', (message) => {
      child.off('exit', onExit);
      resolve(message);
    });
  });
}
