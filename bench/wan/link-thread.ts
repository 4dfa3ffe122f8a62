import { once } from 'node:events';
import { Worker } from 'node:worker_threads';
import type { Direction, Link, LinkOptions } from '../../src/demo/link.ts';
import type { WanLink } from './variant.ts';

/** What the thread is told: to say what the link has carried, or to change conditions. */
export type Order = 'count' | { readonly direction: Direction; readonly conditions: Partial<WanLink> };

/**
 * An emulated link in a thread of its own, with an event loop of its own: what load there is to make and to take does not
 * hold datagrams up.
 */
export class LinkThread {
  readonly #worker: Worker;
  /** Where clients are served, at 127.0.0.1. */
  readonly port: number;

  static async open(options: LinkOptions): Promise<LinkThread> {
    const worker = new Worker(new URL('link-worker.ts', import.meta.url), { workerData: options });
    const [port] = await once(worker, 'message');
    return new LinkThread(worker, port);
  }

  private constructor(worker: Worker, port: number) {
    this.#worker = worker;
    this.port = port;
  }

  /** Changes conditions for the datagrams to come. */
  change(direction: Direction, conditions: Partial<WanLink>): void {
    this.#order({ direction, conditions });
  }

  /** What it has carried so far. One call at a time. */
  async counters(): Promise<Link['counters']> {
    this.#order('count');
    const [counters] = await once(this.#worker, 'message');
    return counters;
  }

  async close(): Promise<void> {
    await this.#worker.terminate();
  }

  #order(order: Order): void {
    this.#worker.postMessage(order);
  }
}
