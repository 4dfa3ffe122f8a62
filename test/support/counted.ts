/**
 * Requests that count: each has a number of its own, an origin that keeps how often each number came, and a steady
 * load that checks every answer. What is lost, doubled or answered with another's body shows.
 */
import { Agent, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { type RequestOptions, send } from './http-client.ts';
import { patternBytes, sha256 } from './pattern.ts';

/** Bodies of all sizes from nothing to {@link LARGEST}, for the numbers in turn. */
const BODIES = 64;
const LARGEST = 40_000;

/** Reasons of failures that a report keeps. */
const KEPT_REASONS = 20;

/** How often to look which requests are due, milliseconds. */
const TICK = 5;

/** Most requests that wait for their answers at once, unless a load says otherwise. */
const MOST_AT_ONCE = 500;

const bodies = Array.from({ length: BODIES }, (_, seed) => {
  const bytes = patternBytes(Math.round((LARGEST * seed * seed) / BODIES ** 2), seed);
  return { bytes, hash: sha256(bytes) };
});

function bodyOf(number: number) {
  const body = bodies[number % BODIES];
  if (body === undefined) throw new RangeError(`no body for request ${number}`);
  return body;
}

/** Answers requests of a {@link CountedLoad}, and counts how often each came. `/counts` tells, and begins anew. */
export class CountingOrigin {
  #times = new Uint8Array(1024);
  #seen = 0;
  #repeated = 0;

  readonly listener: RequestListener = (request, response) => {
    if (request.url === '/counts') {
      response.end(JSON.stringify(this.counts));
      this.#forget();
    } else void this.#answer(request, response);
  };

  get counts(): Counts {
    return { seen: this.#seen, repeated: this.#repeated };
  }

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const number = Number(request.url?.slice(1));
    this.#count(number);
    if (request.method === 'GET') response.end(bodyOf(number).bytes);
    else {
      const chunks = await request.toArray().catch(() => [Buffer.from('cut')]);
      response.end(sha256(Buffer.concat(chunks)));
    }
  }

  #forget(): void {
    this.#times.fill(0);
    this.#seen = 0;
    this.#repeated = 0;
  }

  #count(number: number): void {
    if (number >= this.#times.length) {
      const former = this.#times;
      this.#times = new Uint8Array(2 * number);
      this.#times.set(former);
    }
    const times = (this.#times[number] ?? 0) + 1;
    this.#times[number] = times;
    if (times === 1) this.#seen++;
    else this.#repeated++;
  }
}

/** Different requests that an origin has seen, and how many it saw again. */
export interface Counts {
  readonly seen: number;
  readonly repeated: number;
}

export interface CountedReport {
  readonly sent: number;
  /** Not sent, as too many were not answered yet. */
  readonly skipped: number;
  readonly succeeded: number;
  readonly failed: number;
  /** Of the first ones that failed. */
  readonly reasons: readonly string[];
  /** Milliseconds. */
  readonly slowest: number;
}

export interface CountedLoadOptions {
  readonly port: number;
  /** Requests a second, however long the answers take. */
  readonly rate: number;
  /** Requests that would be more than these at once are left out. Default 500. */
  readonly mostAtOnce?: number;
  /**
   * A request that finds its kept connection closed is made again on a new one, as HTTP clients do (RFC 9112 §9.3.1):
   * for tests in which the end that serves HTTP/1.1 goes.
   */
  readonly renewsConnections?: boolean;
}

/**
 * GETs and POSTs with and without Content-Length, on kept connections and on new ones, at a steady rate from its
 * construction to {@link CountedLoad.stop}.
 */
export class CountedLoad {
  readonly #options: CountedLoadOptions;
  readonly #agent = new Agent({ keepAlive: true, maxFreeSockets: 64 });
  readonly #start = performance.now();
  readonly #timer: NodeJS.Timeout;
  readonly #inFlight = new Set<Promise<void>>();
  readonly #reasons: string[] = [];
  #sent = 0;
  #skipped = 0;
  #succeeded = 0;
  #failed = 0;
  #slowest = 0;
  #goal: Goal | undefined;

  constructor(options: CountedLoadOptions) {
    this.#options = options;
    this.#timer = setInterval(() => this.#sendDue(), TICK);
  }

  get report(): CountedReport {
    return {
      sent: this.#sent,
      skipped: this.#skipped,
      succeeded: this.#succeeded,
      failed: this.#failed,
      reasons: this.#reasons,
      slowest: this.#slowest,
    };
  }

  /** Resolves when so many more have succeeded. Rejects when one fails before. */
  successes(count: number): Promise<void> {
    return new Promise((resolve, reject) => {
      this.#goal = { count: this.#succeeded + count, resolve, reject };
    });
  }

  /** Starts no more, and resolves when the last one has ended. */
  async stop(): Promise<CountedReport> {
    clearInterval(this.#timer);
    await Promise.all(this.#inFlight);
    this.#agent.destroy();
    return this.report;
  }

  // By the clock, so that a machine that stands still for a moment does not lower the rate.
  #sendDue(): void {
    const { rate, mostAtOnce = MOST_AT_ONCE } = this.#options;
    const due = ((performance.now() - this.#start) / 1000) * rate;
    while (this.#sent + this.#skipped < due) {
      if (this.#inFlight.size >= mostAtOnce) {
        this.#skipped++;
        continue;
      }
      const running: Promise<void> = this.#run(this.#sent++).finally(() => this.#inFlight.delete(running));
      this.#inFlight.add(running);
    }
  }

  async #run(number: number): Promise<void> {
    const start = performance.now();
    const wrong = await this.#whatIsWrong(number);
    this.#slowest = Math.max(this.#slowest, performance.now() - start);
    if (wrong === undefined) {
      this.#succeeded++;
      if (this.#goal !== undefined && this.#succeeded >= this.#goal.count) this.#goal.resolve();
      return;
    }
    this.#failed++;
    const reason = `request ${number} at ${((start - this.#start) / 1000).toFixed(2)} s: ${wrong}`;
    this.#goal?.reject(new Error(reason));
    if (this.#reasons.length < KEPT_REASONS) this.#reasons.push(reason);
  }

  async #whatIsWrong(number: number): Promise<string | undefined> {
    const isGet = number % 2 === 0;
    const { bytes, hash } = bodyOf(number);
    try {
      const { status, body } = await this.#ask(number, isGet ? {} : { body: asSent(number, bytes) });
      if (status !== 200) return `status ${status}: ${body.toString().slice(0, 200)}`;
      if (isGet) return sha256(body) === hash ? undefined : 'another body came back';
      return body.toString() === hash ? undefined : 'the origin got another body';
    } catch (error) {
      return String(error);
    }
  }

  async #ask(number: number, options: Pick<RequestOptions, 'body'>): Promise<Received> {
    const { port, renewsConnections = false } = this.#options;
    const agent = number % 4 < 2 ? { agent: this.#agent } : {};
    const request = send({ port, path: `/${number}`, ...options, ...agent });
    try {
      return await received(request);
    } catch (error) {
      if (!renewsConnections || !request.reusedSocket || !isReset(error)) throw error;
      return received(send({ port, path: `/${number}`, ...this.#again(number) }));
    }
  }

  #again(number: number): Pick<RequestOptions, 'body'> {
    return number % 2 === 0 ? {} : { body: bodyOf(number).bytes };
  }
}

interface Goal {
  readonly count: number;
  readonly resolve: () => void;
  readonly reject: (error: Error) => void;
}

interface Received {
  readonly status: number;
  readonly body: Buffer;
}

// Every second body goes out chunked, in two parts.
function asSent(number: number, bytes: Buffer): Buffer | Readable {
  if (number % 8 < 4) return bytes;
  const half = bytes.length >> 1;
  return Readable.from([bytes.subarray(0, half), bytes.subarray(half)].filter(({ length }) => length > 0));
}

function received(request: ReturnType<typeof send>): Promise<Received> {
  return new Promise((resolve, reject) => {
    request.on('error', reject);
    request.on('response', (response) => {
      const chunks: Buffer[] = [];
      response.on('data', (chunk: Buffer) => chunks.push(chunk));
      response.on('error', reject);
      response.on('end', () => resolve({ status: response.statusCode ?? 0, body: Buffer.concat(chunks) }));
    });
  });
}

const isReset = (error: unknown): boolean =>
  error instanceof Error && 'code' in error && (error.code === 'ECONNRESET' || error.code === 'EPIPE');
