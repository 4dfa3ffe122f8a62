/** WebSockets for the time of a test, at both ends of a tunnel, with the `ws` package. */
import { once } from 'node:events';
import { createServer, type IncomingMessage } from 'node:http';
import type { AddressInfo } from 'node:net';
import { onTestFinished } from 'vitest';
import { type ClientOptions, type RawData, type ServerOptions, WebSocket, WebSocketServer } from 'ws';

/** A WebSocket service, which answers other requests with `ok`. */
export interface WebSocketOrigin {
  readonly port: number;
  /** Its ends of the connections, in the order in which they came. */
  readonly sockets: WebSocket[];
  /** The requests that asked for them. */
  readonly requests: IncomingMessage[];
  /** The next connection. */
  next(): Promise<WebSocket>;
}

export async function webSocketOrigin(options: ServerOptions = {}): Promise<WebSocketOrigin> {
  const http = createServer((_request, response) => response.end('ok'));
  const server = new WebSocketServer({ server: http, ...options });
  const sockets: WebSocket[] = [];
  const requests: IncomingMessage[] = [];
  server.on('connection', (socket, request) => {
    socket.on('error', () => {});
    sockets.push(socket);
    requests.push(request);
  });
  http.listen(0, '127.0.0.1');
  await once(http, 'listening');
  onTestFinished(() => {
    for (const socket of server.clients) socket.terminate();
    http.close();
    http.closeAllConnections();
  });
  return {
    port: (http.address() as AddressInfo).port,
    sockets,
    requests,
    next: async () => {
      const [socket] = (await once(server, 'connection')) as [WebSocket];
      return socket;
    },
  };
}

/** A WebSocket to a client end. */
export function dial(port: number, options: ClientOptions = {}, protocols: string[] = []): WebSocket {
  const socket = new WebSocket(`ws://127.0.0.1:${port}/chat?room=1`, protocols, options);
  socket.on('error', () => {});
  onTestFinished(() => socket.terminate());
  return socket;
}

/** Both ends of a new WebSocket, open. */
export async function open(
  origin: WebSocketOrigin,
  port: number,
  options?: ClientOptions,
  protocols?: string[],
): Promise<{ readonly near: WebSocket; readonly far: WebSocket }> {
  const arriving = origin.next();
  const near = dial(port, options, protocols);
  const [far] = await Promise.all([arriving, once(near, 'open')]);
  return { near, far };
}

/** The next message, as bytes. */
export async function message(socket: WebSocket): Promise<Buffer> {
  const [data] = (await once(socket, 'message')) as [RawData];
  return bytesOf(data);
}

/** How the other end closed: code and reason. */
export async function closing(socket: WebSocket): Promise<[number, string]> {
  const [code, reason] = (await once(socket, 'close')) as [number, Buffer];
  return [code, reason.toString()];
}

export function bytesOf(data: RawData): Buffer {
  if (Array.isArray(data)) return Buffer.concat(data);
  return data instanceof ArrayBuffer ? Buffer.from(data) : data;
}
