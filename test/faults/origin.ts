import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type IncomingMessage, type Server, type ServerResponse } from 'node:http';
import type { AddressInfo, Socket } from 'node:net';
import { patternBytes } from '../support/pattern.ts';
import { type Asked, asked, type Ledger } from './ledger.ts';

/** An origin that writes down what it gets, and that can crash, hang, and come back at the same port. */
export class FaultyOrigin {
  readonly #ledger: Ledger;
  readonly #sockets = new Set<Socket>();
  #server: Server | undefined;
  #port = 0;
  #waiting: (() => void)[] | undefined;

  static async start(ledger: Ledger): Promise<FaultyOrigin> {
    const origin = new FaultyOrigin(ledger);
    await origin.serve();
    return origin;
  }

  private constructor(ledger: Ledger) {
    this.#ledger = ledger;
  }

  get port(): number {
    return this.#port;
  }

  async serve(): Promise<void> {
    const server = createServer({ keepAliveTimeout: 60_000 }, (request, response) =>
      this.#receive(request, response),
    );
    server.on('connection', (socket: Socket) => {
      this.#sockets.add(socket);
      socket.once('close', () => this.#sockets.delete(socket));
    });
    server.listen(this.#port, '127.0.0.1');
    await once(server, 'listening');
    this.#server = server;
    this.#port = (server.address() as AddressInfo).port;
  }

  /** Cuts every connection, and takes no new one. */
  async crash(): Promise<void> {
    const server = this.#server;
    if (server === undefined) return;
    this.#server = undefined;
    const closed = once(server, 'close');
    server.close();
    for (const socket of this.#sockets) socket.resetAndDestroy();
    await closed;
  }

  /** Takes requests, and answers none until {@link resume}. */
  hang(): void {
    this.#waiting ??= [];
  }

  resume(): void {
    const waiting = this.#waiting ?? [];
    this.#waiting = undefined;
    for (const answer of waiting) answer();
  }

  #receive(request: IncomingMessage, response: ServerResponse): void {
    const subject = asked(Number(request.headers['x-fault-id']));
    this.#ledger.arrived(subject);
    const hash = createHash('sha256');
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      hash.update(chunk);
      bytes += chunk.length;
    });
    request.on('end', () => {
      this.#ledger.completed(subject, bytes, hash.digest('hex'));
      if (this.#waiting === undefined) answer(subject, response);
      else this.#waiting.push(() => answer(subject, response));
    });
    request.on('error', () => undefined);
    response.on('error', () => undefined);
  }
}

function answer(request: Asked, response: ServerResponse): void {
  const headers = { 'X-Fault-Id': String(request.id) };
  const length = request.declared ? { 'Content-Length': request.download } : {};
  response.writeHead(200, { ...headers, ...length });
  response.end(patternBytes(request.download, 2 * request.id + 1));
}
