/** An origin that leaves to the test what becomes of each request. */
import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { hashEcho, type Origin, patternBody, startOrigin } from '../support/origin.ts';

/** A request that waits for its answer. */
export interface Arrival {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
}

/** Paths under `/echo` answer with a report, numbers with the pattern; everything else is held for the test. */
export class HeldOrigin {
  readonly #arrivals = new Map<string, Arrival>();
  readonly #waiting = new Map<string, (arrival: Arrival) => void>();
  #origin: Origin | undefined;

  static async start(): Promise<HeldOrigin> {
    const held = new HeldOrigin();
    held.#origin = await startOrigin((request, response) => held.#serve(request, response));
    return held;
  }

  get port(): number {
    if (this.#origin === undefined) throw new Error('not started');
    return this.#origin.port;
  }

  /** The request for that path, arrived or to come. */
  async arrival(path: string): Promise<Arrival> {
    const arrived = this.#arrivals.get(path);
    return arrived ?? new Promise((resolve) => this.#waiting.set(path, resolve));
  }

  async stop(): Promise<void> {
    await this.#origin?.stop();
  }

  #serve(request: IncomingMessage, response: ServerResponse): void {
    const path = request.url ?? '';
    if (path.startsWith('/echo')) hashEcho(request, response);
    else if (/^\/\d/.test(path)) patternBody(request, response);
    else {
      request.on('error', () => undefined);
      this.#arrivals.set(path, { request, response });
      this.#waiting.get(path)?.({ request, response });
    }
  }
}

/** Resolves when the connection is gone, with whether the request had been answered. */
export async function gone({ response }: Arrival): Promise<'answered' | 'destroyed'> {
  if (!response.destroyed) await once(response, 'close');
  return response.writableFinished ? 'answered' : 'destroyed';
}
