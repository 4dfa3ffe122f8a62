import { once } from 'node:events';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer as createTcpServer, type Socket } from 'node:net';
import { afterAll, afterEach } from 'vitest';
import { noFloodCounts } from '../h3/flood-counters.ts';
import type { RequestStreamEvents } from '../h3/port.ts';
import { Admission, type Run } from './admission.ts';
import { createFront, type Front, type FrontOptions } from './front.ts';
import { keepIn, type LogLine, logger } from './kept.fixture.ts';
import { CARRIER, MemoryTunnel, type RequestHandler } from './memory-tunnel.fixture.ts';
import type { RequestObserver, RequestRecord } from './observer.ts';
import { createOrigin, type Origin, type OriginOptions } from './origin.ts';

/** A front, a memory tunnel and an origin, back to back. */
export interface Pair {
  readonly port: number;
  readonly front: Front;
  readonly origin: Origin;
  readonly tunnel: MemoryTunnel;
  readonly log: LogLine[];
  /** What was told of requests that are over, in that order. */
  readonly records: { readonly front: RequestRecord[]; readonly origin: RequestRecord[] };
}

/** How long something that a test starts lives. */
export type Lifetime = 'test' | 'file';

const cleanUps: Record<Lifetime, (() => void)[]> = { test: [], file: [] };

afterEach(() => cleanUp('test'));
afterAll(() => cleanUp('file'));

function cleanUp(lifetime: Lifetime): void {
  for (const step of cleanUps[lifetime].splice(0)) step();
}

/** Calls `step` when the test, or all of the file, is over. */
export function atEnd(step: () => void, lifetime: Lifetime = 'test'): void {
  cleanUps[lifetime].push(step);
}

/** Settings that no test waits for, unless it says so. */
const DEFAULTS = {
  tcpNoDelay: true,
  maxHeaderSize: 32_768,
  maxHeaderCount: 200,
  requestTimeout: undefined,
  streamIdleTimeout: 60_000,
} as const;

/** Starts both faces for the service on `servicePort`. */
export async function startPair(
  servicePort: number,
  frontOptions: Partial<FrontOptions> = {},
  originOptions: Partial<OriginOptions> = {},
  lifetime: Lifetime = 'test',
): Promise<Pair> {
  const log: LogLine[] = [];
  const originAddress = { host: '127.0.0.1', port: servicePort };
  const options = { ...DEFAULTS, originAddress, connectTimeout: 5000, ...originOptions };
  const floods = noFloodCounts();
  const origin = createOrigin(options, logger(log), floods);
  const records: Pair['records'] = { front: [], origin: [] };
  const watch = { logger: logger(log), observer: keepIn(records.origin), floods };
  const run: Run = ({ stream, account, fields }, onOver) =>
    origin.onRequest({ stream, account, forwarded: undefined }, fields, onOver);
  const admission = new Admission({ maxRequests: 1000, maxUpgrades: 100 }, run, CARRIER, watch);
  const tunnel = new MemoryTunnel((stream, fields) => admission.onRequest(stream, fields));
  const front = makeFront(tunnel, log, frontOptions, keepIn(records.front));
  const { port } = await front.listen();
  atEnd(() => {
    front.destroy();
    origin.destroy();
  }, lifetime);
  return { port, front, origin, tunnel, log, records };
}

/** Starts a front whose far end is `onRequest` itself. */
export async function startFront(onRequest: RequestHandler, frontOptions: Partial<FrontOptions> = {}) {
  const log: LogLine[] = [];
  const tunnel = new MemoryTunnel(onRequest);
  const records: RequestRecord[] = [];
  const front = makeFront(tunnel, log, frontOptions, keepIn(records));
  const { port } = await front.listen();
  atEnd(() => front.destroy());
  return { port, front, tunnel, log, records };
}

function makeFront(
  tunnel: MemoryTunnel,
  log: LogLine[],
  options: Partial<FrontOptions>,
  observer: RequestObserver,
): Front {
  const bindAddress = { host: '127.0.0.1', port: 0 };
  return createFront(
    { ...DEFAULTS, bindAddress, headTimeout: 60_000, addForwarded: false, maxConnections: 1000, ...options },
    tunnel,
    logger(log),
    observer,
  );
}

/** A node:http service; gives its port. */
export async function startService(listener: RequestListener, lifetime: Lifetime = 'test'): Promise<number> {
  const server = createServer({ maxHeaderSize: 65_536 }, listener);
  // As the tests want them: nothing is answered or refused on its own.
  server.on('checkContinue', listener);
  server.maxHeadersCount = 0;
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    server.closeAllConnections();
  }, lifetime);
  return (server.address() as AddressInfo).port;
}

/** A service that speaks bytes; gives its port. */
export async function startRawService(onSocket: (socket: Socket) => void): Promise<number> {
  const sockets = new Set<Socket>();
  const server = createTcpServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => {});
    onSocket(socket);
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  atEnd(() => {
    server.close();
    for (const socket of sockets) socket.destroy();
  });
  return (server.address() as AddressInfo).port;
}

/** A service that answers the first request on each connection with these bytes; `after`: then it closes. */
export async function startCannedService(answer: string, after: 'close' | 'stay' = 'close'): Promise<number> {
  return startRawService((socket) => {
    socket.once('data', () => {
      if (after === 'close') socket.end(answer, 'latin1');
      else socket.write(answer, 'latin1');
    });
  });
}

/** An HTTP/1.1 client that speaks bytes. */
export class RawClient {
  readonly socket: Socket;
  #received = '';
  #closed = false;
  #error: NodeJS.ErrnoException | undefined;
  #wake: () => void = () => {};

  constructor(port: number) {
    this.socket = connect({ host: '127.0.0.1', port, noDelay: true });
    this.socket.setEncoding('latin1');
    this.socket.on('data', (text: string) => {
      this.#received += text;
      this.#wake();
    });
    this.socket.on('error', (error) => {
      this.#error = error;
    });
    this.socket.on('close', () => {
      this.#closed = true;
      this.#wake();
    });
    atEnd(() => this.socket.destroy());
  }

  get received(): string {
    return this.#received;
  }

  /** How the connection ended: `undefined` while it has not. */
  get ending(): 'clean' | 'reset' | undefined {
    if (!this.#closed) return undefined;
    return this.#error === undefined ? 'clean' : 'reset';
  }

  send(bytes: string): this {
    this.socket.write(bytes, 'latin1');
    return this;
  }

  /** Sends in two pieces, the second when the first is out. */
  async sendInTwo(bytes: string, at: number): Promise<void> {
    await new Promise((resolve) => {
      this.socket.write(bytes.slice(0, at), 'latin1', resolve);
    });
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
    this.send(bytes.slice(at));
  }

  /** Everything received, once it holds `text`. Fails when the connection ends before. */
  async until(text: string): Promise<string> {
    while (!this.#received.includes(text)) {
      if (this.#closed) throw new Error(`closed before ${JSON.stringify(text)}: ${this.#received}`);
      await this.#more();
    }
    return this.#received;
  }

  /** Everything received, once the connection has ended. */
  async untilClosed(): Promise<string> {
    while (!this.#closed) await this.#more();
    return this.#received;
  }

  #more(): Promise<void> {
    return new Promise((resolve) => {
      this.#wake = resolve;
    });
  }
}

/** A whole request's content. */
export async function contentOf(message: IncomingMessage): Promise<Buffer> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks);
}

/** What a service tells of the requests that it got. */
export interface Seen {
  readonly method: string;
  readonly url: string;
  /** Without X-Request-Id, which each request has. */
  readonly headers: readonly string[];
  readonly body: string;
  readonly trailers: readonly string[];
}

/** A service that notes what it gets and answers `ok`. */
export async function startNotingService(
  lifetime: Lifetime = 'test',
): Promise<{ port: number; seen: Seen[] }> {
  const seen: Seen[] = [];
  const note = async (request: IncomingMessage, response: ServerResponse) => {
    const body = (await contentOf(request)).toString('latin1');
    const { method = '', url = '', rawHeaders, rawTrailers } = request;
    seen.push({ method, url, headers: withoutId(rawHeaders), body, trailers: rawTrailers });
    response.end('ok');
  };
  const port = await startService((request, response) => {
    note(request, response).catch(() => {});
  }, lifetime);
  return { port, seen };
}

function withoutId(headers: readonly string[]): string[] {
  return headers.filter((_part, at) => headers[at - (at % 2)] !== 'X-Request-Id');
}

/** Values of a field in a flat list, whatever the case of its name. */
export function valuesOf(headers: readonly string[], name: string): string[] {
  const values: string[] = [];
  for (let at = 0; at < headers.length; at += 2) {
    if (headers[at]?.toLowerCase() === name) values.push(headers[at + 1] ?? '');
  }
  return values;
}

/** Resolves once `condition` holds; it is looked at in every turn of the event loop. */
export async function until(condition: () => boolean): Promise<void> {
  while (!condition()) {
    await new Promise((resolve) => {
      setImmediate(resolve);
    });
  }
}

/** Events of a request stream that nobody listens to. */
export const SILENT: RequestStreamEvents = {
  onInterim() {},
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onDrain() {},
  onStopped() {},
  onFailed() {},
};
