/** The demo's origin: a small HTTP/1.1 service with something to fetch, to send and to look at. */
import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import type { AddressInfo } from 'node:net';
import { pipeline } from 'node:stream';

export interface DemoOrigin {
  readonly port: number;
  stop(): Promise<void>;
}

/** Most bytes that one /bytes request gives. */
export const MAX_BYTES = 10 ** 10;

/** Starts the origin on a free port of 127.0.0.1. */
export async function startDemoOrigin(): Promise<DemoOrigin> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  return {
    port: (server.address() as AddressInfo).port,
    stop: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

const HELLO = `Hello from the origin.

  GET  /              this page
  GET  /bytes/N       N bytes
  GET  /headers       the request as it arrived here
  POST /echo          the request's body, while it arrives
  POST /count         how many bytes the request's body had
`;

function answer(request: IncomingMessage, response: ServerResponse): void {
  const path = (request.url ?? '/').split('?', 1)[0] ?? '/';
  if (path === '/') sendText(response, 200, HELLO);
  else if (path === '/headers') sendText(response, 200, describe(request));
  else if (path === '/echo') echo(request, response);
  else if (path === '/count') count(request, response);
  else if (path.startsWith('/bytes/')) sendBytes(response, path.slice('/bytes/'.length));
  else sendText(response, 404, `There is no ${path} here; see /.\n`);
}

function sendText(response: ServerResponse, status: number, text: string): void {
  response.writeHead(status, {
    'Content-Type': 'text/plain;charset=UTF-8',
    'Content-Length': Buffer.byteLength(text),
  });
  response.end(text);
}

function describe(request: IncomingMessage): string {
  const lines = [`${request.method} ${request.url} HTTP/${request.httpVersion}`];
  for (let index = 0; index < request.rawHeaders.length; index += 2) {
    lines.push(`${request.rawHeaders[index]}: ${request.rawHeaders[index + 1]}`);
  }
  return `${lines.join('\n')}\n`;
}

function echo(request: IncomingMessage, response: ServerResponse): void {
  const { 'content-type': type, 'content-length': length } = request.headers;
  response.writeHead(200, {
    'Content-Type': type ?? 'application/octet-stream',
    ...(length === undefined ? {} : { 'Content-Length': length }),
  });
  // A broken request destroys the response with it: the echo cannot look complete.
  pipeline(request, response, () => undefined);
}

function count(request: IncomingMessage, response: ServerResponse): void {
  let bytes = 0;
  request.on('data', (chunk: Buffer) => {
    bytes += chunk.length;
  });
  request.on('end', () => sendText(response, 200, `${bytes}\n`));
}

const BLOCK = Buffer.alloc(64 * 1024, 'ptproxy ');

function sendBytes(response: ServerResponse, size: string): void {
  const total = /^\d+$/.test(size) ? Number(size) : Number.NaN;
  if (!(total <= MAX_BYTES)) {
    sendText(response, 400, `/bytes/N takes a whole number up to ${MAX_BYTES}, not ${size}\n`);
    return;
  }
  response.writeHead(200, { 'Content-Type': 'application/octet-stream', 'Content-Length': total });
  let left = total;
  const write = (): void => {
    while (left > 0) {
      const chunk = BLOCK.subarray(0, Math.min(left, BLOCK.length));
      left -= chunk.length;
      if (!response.write(chunk) && left > 0) {
        response.once('drain', write);
        return;
      }
    }
    response.end();
  };
  write();
}
