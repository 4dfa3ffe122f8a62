import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';

/** What is answered to a GET. */
export interface Answer {
  readonly status: number;
  readonly contentType: string;
  readonly body: string;
}

/** Answers by path. */
export type Routes = Readonly<Record<string, () => Answer | Promise<Answer>>>;

/** Whoever scrapes has one connection, or a few: more are closed as they come. */
const CONNECTIONS = 64;

/** A scraper sends a few hundred bytes. */
const HEADER_BYTES = 8192;

/** For a request to arrive, and for anything to move on a connection, milliseconds. */
const ARRIVAL = 5000;
const SILENCE = 15_000;

/** A small HTTP server for those who look after this process: GET and HEAD of a few paths, all of it bounded. */
export class ObservationServer {
  readonly #server: Server;
  readonly #routes: ReadonlyMap<string, () => Answer | Promise<Answer>>;
  readonly #onError: (error: unknown) => void;

  /** `onError` hears of answers that could not be made. */
  constructor(routes: Routes, onError: (error: unknown) => void) {
    this.#routes = new Map(Object.entries(routes));
    this.#onError = onError;
    const options = {
      maxHeaderSize: HEADER_BYTES,
      headersTimeout: ARRIVAL,
      requestTimeout: ARRIVAL,
      connectionsCheckingInterval: 1000,
      keepAliveTimeout: SILENCE,
    };
    this.#server = createServer(options, (request, response) => void this.#serve(request, response));
    this.#server.maxConnections = CONNECTIONS;
    this.#server.setTimeout(SILENCE);
  }

  /** Binds. Rejects with the system's error, e.g. EADDRINUSE. */
  listen({ host, port }: { readonly host: string; readonly port: number }): Promise<AddressInfo> {
    return new Promise((resolve, reject) => {
      this.#server.once('error', reject);
      this.#server.listen(port, host, () => {
        this.#server.off('error', reject);
        this.#server.on('error', this.#onError);
        resolve(this.#server.address() as AddressInfo);
      });
    });
  }

  close(): void {
    this.#server.close();
    this.#server.closeAllConnections();
  }

  async #serve(request: IncomingMessage, response: ServerResponse): Promise<void> {
    try {
      const answer = await this.#answer(request);
      response.statusCode = answer.status;
      if (answer.status === 405) response.setHeader('Allow', 'GET, HEAD');
      response.setHeader('Content-Type', answer.contentType);
      response.setHeader('Cache-Control', 'no-store');
      response.setHeader('Server', 'ptproxy');
      // Whatever content came with the request is not read.
      if (hasContent(request)) response.setHeader('Connection', 'close');
      response.setHeader('Content-Length', Buffer.byteLength(answer.body));
      response.end(answer.body);
    } catch (error) {
      this.#onError(error);
      response.destroy();
    }
  }

  #answer(request: IncomingMessage): Answer | Promise<Answer> {
    const path = request.url?.split('?', 1)[0] ?? '';
    const route = this.#routes.get(path);
    if (route === undefined) return plain(404, `not found; there are ${[...this.#routes.keys()].join(', ')}`);
    if (request.method !== 'GET' && request.method !== 'HEAD') return plain(405, 'allowed are GET and HEAD');
    return route();
  }
}

/** A line of text. */
export const plain = (status: number, line: string): Answer => ({
  status,
  contentType: 'text/plain; charset=utf-8',
  body: `${line}\n`,
});

const hasContent = ({ headers }: IncomingMessage): boolean =>
  headers['transfer-encoding'] !== undefined || Number(headers['content-length'] ?? 0) > 0;
