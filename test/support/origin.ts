/** Origins for tests: HTTP/1.1 servers with one habit each, and one that writes raw bytes. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { createServer, type Server as HttpServer, type RequestListener } from 'node:http';
import { type AddressInfo, createServer as createTcpServer, type Server, type Socket } from 'node:net';
import { pipeline } from 'node:stream';
import { patternBytes, patternHash, patternStream } from './pattern.ts';

export interface Origin {
  readonly port: number;
  /** Cuts every connection. */
  stop(): Promise<void>;
}

/** What {@link hashEcho} answers, as JSON. */
export interface EchoReport {
  readonly method: string;
  readonly url: string;
  /** Name, value, name, value, … as they came. */
  readonly rawHeaders: readonly string[];
  readonly bytes: number;
  readonly sha256: string;
  readonly rawTrailers: readonly string[];
}

/** An HTTP/1.1 server on a free port of 127.0.0.1 that answers with `listener`. */
export async function startOrigin(listener: RequestListener): Promise<Origin> {
  const server: HttpServer = createServer({ keepAliveTimeout: 60_000 }, listener);
  return listening(server);
}

/** A TCP server that hands each connection to `onConnection`: for bytes that no HTTP library would send. */
export async function startRawOrigin(onConnection: (socket: Socket) => void): Promise<Origin> {
  return listening(
    createTcpServer((socket) => {
      socket.on('error', () => undefined);
      onConnection(socket);
    }),
  );
}

/** Answers every request with an {@link EchoReport} of it. */
export const hashEcho: RequestListener = (request, response) => {
  const hash = createHash('sha256');
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    hash.update(chunk);
    bytes += chunk.length;
  });
  request.on('end', () => {
    const { method = '', url = '', rawHeaders, rawTrailers } = request;
    const report: EchoReport = { method, url, rawHeaders, bytes, sha256: hash.digest('hex'), rawTrailers };
    response.writeHead(200, { 'Content-Type': 'application/json' });
    response.end(JSON.stringify(report));
  });
};

/**
 * `/SIZE` or `/SIZE/SEED` gives that many bytes of the pattern, with their hash in `X-Sha256` (up to 16 MB, or the
 * head would be late) and a Content-Length unless the query is `?chunked`.
 */
export const patternBody: RequestListener = (request, response) => {
  const [path = '', query] = (request.url ?? '').split('?');
  const [size = 0, seed = 0] = path.split('/').slice(1).map(Number);
  if (query !== 'chunked') response.setHeader('Content-Length', size);
  if (size <= 16_000_000) response.setHeader('X-Sha256', patternHash(size, seed));
  response.flushHeaders();
  pipeline(patternStream(size, seed), response, () => undefined);
};

/** Takes the request's body at `bytesPerSecond`, then answers with its length. */
export function slowReader(bytesPerSecond: number): RequestListener {
  return (request, response) => {
    let bytes = 0;
    request.on('data', (chunk: Buffer) => {
      bytes += chunk.length;
      request.pause();
      setTimeout(() => request.resume(), (chunk.length / bytesPerSecond) * 1000);
    });
    request.on('end', () => response.end(`${bytes}`));
  };
}

/** Declares `declared` bytes, sends `sent` of them and cuts the connection. */
export function diesInBody(declared: number, sent: number): RequestListener {
  return (request, response) => {
    response.writeHead(200, { 'Content-Length': declared });
    response.write(patternBytes(sent), () => request.socket.destroy());
  };
}

/** Reads the request and never answers. */
export const silent: RequestListener = (request) => {
  request.resume();
};

async function listening(server: Server): Promise<Origin> {
  const connections = new Set<Socket>();
  server.on('connection', (socket: Socket) => {
    connections.add(socket);
    socket.once('close', () => connections.delete(socket));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      for (const socket of connections) socket.destroy();
      await closed;
    },
  };
}
