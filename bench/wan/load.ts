/** Requests over kept connections whose time is taken: from the call to the last byte of the answer, in ms. */
import { performance } from 'node:perf_hooks';
import { closeAll, LoadConnection, openMany } from '../load/connection.ts';
import { until } from '../load/times.ts';
import { UPLOAD_PATH } from '../origin.ts';

/** Connections to the front: more than are in flight at a time. */
const CONNECTIONS = 128;

export class TimedLoad {
  readonly #port: number;
  readonly #free: LoadConnection[];

  static async open(port: number): Promise<TimedLoad> {
    return new TimedLoad(port, await openMany(port, CONNECTIONS));
  }

  private constructor(port: number, connections: LoadConnection[]) {
    this.#port = port;
    this.#free = connections;
  }

  /** Fetches `size` bytes. Rejects unless the answer is a complete 200. */
  down(size: number): Promise<number> {
    return this.#time((connection) => connection.get(`/bytes/${size}`));
  }

  /** Sends `size` bytes, and waits for the word that they came and were put away. */
  up(size: number): Promise<number> {
    const body = Buffer.alloc(size, 'up');
    return this.#time((connection) => connection.put(UPLOAD_PATH, body));
  }

  /** `count` answers of `size` bytes, asked for at once; their times. */
  atOnce(count: number, size: number): Promise<number[]> {
    return Promise.all(Array.from({ length: count }, () => this.down(size)));
  }

  /** A request of `size` bytes every `1000 / rate` ms while `going()`, however long the answers take. */
  async steadily(size: number, rate: number, going: (sent: number) => boolean): Promise<number[]> {
    const start = performance.now();
    const answers: Promise<number>[] = [];
    for (let n = 0; going(n); n++) {
      await until(start + (n * 1000) / rate);
      answers.push(this.down(size));
    }
    return Promise.all(answers);
  }

  close(): void {
    closeAll(this.#free);
  }

  /** The front closes those that were of no use for a while. */
  #take(): LoadConnection | Promise<LoadConnection> {
    const connection = this.#free.pop();
    if (connection === undefined) throw new Error(`more than ${CONNECTIONS} requests at once`);
    return connection.isOpen ? connection : LoadConnection.open(this.#port);
  }

  async #time(work: (connection: LoadConnection) => Promise<void>): Promise<number> {
    const connection = await this.#take();
    const start = performance.now();
    await work(connection);
    const elapsed = performance.now() - start;
    this.#free.push(connection);
    return elapsed;
  }
}
