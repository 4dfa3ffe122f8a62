/** Requests whose time is taken: from the call to the last byte of the answer, in ms. */
import { Agent, request } from 'node:http';
import { performance } from 'node:perf_hooks';

/** Connections kept to the front; more than any measurement has in flight. */
const agent = new Agent({ keepAlive: true, maxSockets: 512, maxFreeSockets: 512 });

export interface Timed {
  readonly port: number;
  readonly path: string;
  /** Bytes to send with POST; none: GET. */
  readonly upload?: number;
}

/** Milliseconds until the whole answer was there. Rejects unless it is a complete 200. */
export function time({ port, path, upload }: Timed): Promise<number> {
  const start = performance.now();
  return new Promise((resolve, reject) => {
    const method = upload === undefined ? 'GET' : 'POST';
    const headers = upload === undefined ? {} : { 'Content-Length': upload };
    const outgoing = request({ host: '127.0.0.1', port, path, method, headers, agent }, (response) => {
      response.on('error', reject);
      response.on('end', () => {
        if (response.statusCode === 200) resolve(performance.now() - start);
        else reject(new Error(`${method} ${path}: status ${response.statusCode}`));
      });
      response.resume();
    });
    outgoing.on('error', reject);
    outgoing.end(upload === undefined ? undefined : Buffer.alloc(upload));
  });
}

/** One request every `1000 / rate` ms for `seconds`, however long the answers take; their times. */
export async function timeSteadily(timed: Timed, rate: number, seconds: number): Promise<number[]> {
  const start = performance.now();
  const answers: Promise<number>[] = [];
  for (let n = 0; n < rate * seconds; n++) {
    await until(start + (n * 1000) / rate);
    answers.push(time(timed));
  }
  return Promise.all(answers);
}

/** Resolves at `moment` of the monotonic clock. */
export function until(moment: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, Math.max(0, moment - performance.now())));
}

export const pause = (milliseconds: number): Promise<void> => until(performance.now() + milliseconds);

/** Lets go of the connections, so that the process can end. */
export function closeConnections(): void {
  agent.destroy();
}
