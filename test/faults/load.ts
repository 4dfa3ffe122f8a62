import { createHash } from 'node:crypto';
import { Agent, type IncomingMessage, request as open } from 'node:http';
import { patternBytes } from '../support/pattern.ts';
import { type Asked, asked, type Ledger, type Outcome } from './ledger.ts';

/** Clients that ask at a steady rate, whatever becomes of it, and look closely at what they are answered. */
export class Load {
  readonly #port: number;
  readonly #ledger: Ledger;
  readonly #agent = new Agent({ keepAlive: true });
  readonly #open = new Set<Promise<void>>();
  readonly #timer: NodeJS.Timeout;
  #next = 0;

  /** `rate`: requests a second. */
  constructor(port: number, rate: number, ledger: Ledger) {
    this.#port = port;
    this.#ledger = ledger;
    const start = performance.now();
    // By the clock rather than by the timer, which is late on a busy machine.
    this.#timer = setInterval(() => {
      const due = ((performance.now() - start) * rate) / 1000;
      while (this.#next < due) this.#ask(asked(this.#next++));
    }, 5);
  }

  /** Asks no more, and waits up to `patience` (ms) for what is under way. */
  async stop(patience: number): Promise<void> {
    clearInterval(this.#timer);
    let timer: NodeJS.Timeout | undefined;
    const end = new Promise<void>((resolve) => {
      timer = setTimeout(resolve, patience);
    });
    await Promise.race([Promise.all(this.#open), end]);
    clearTimeout(timer);
    this.#ledger.close();
    this.#agent.destroy();
  }

  #ask(subject: Asked): void {
    this.#ledger.begin(subject.id, performance.now());
    const over = exchange(this.#port, this.#agent, subject).then((outcome) => {
      this.#ledger.end(subject, outcome, performance.now());
      this.#open.delete(over);
    });
    this.#open.add(over);
  }
}

function exchange(port: number, agent: Agent, { id, method, upload }: Asked): Promise<Outcome> {
  const headers = { 'X-Fault-Id': String(id), ...(method === 'POST' ? { 'Content-Length': upload } : {}) };
  return new Promise((resolve) => {
    const request = open({
      host: '127.0.0.1',
      port,
      path: `/${id}`,
      method,
      headers,
      agent: ownConnection(id) ? false : agent,
    });
    request.on('error', (error: NodeJS.ErrnoException) =>
      resolve({ kind: 'cut', reason: error.code ?? 'error' }),
    );
    request.on('response', (response) => resolve(read(response)));
    request.end(patternBytes(upload, 2 * id));
  });
}

// Some keep their connection for the next request, others do not.
const ownConnection = (id: number): boolean => id % 3 === 0;

async function read(response: IncomingMessage): Promise<Outcome> {
  const hash = createHash('sha256');
  let bytes = 0;
  try {
    for await (const chunk of response) {
      hash.update(chunk as Buffer);
      bytes += (chunk as Buffer).length;
    }
  } catch (error) {
    return { kind: 'cut', reason: (error as NodeJS.ErrnoException).code ?? 'error' };
  }
  const status = response.statusCode ?? 0;
  const id = String(response.headers['x-fault-id'] ?? '');
  return { kind: 'answered', status, id, bytes, sha256: hash.digest('hex') };
}
