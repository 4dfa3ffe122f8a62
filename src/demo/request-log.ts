/**
 * One line for each request that an HTTP server of this process answers, with the time that it took. It listens to
 * node:http's own announcements, so the server itself knows nothing of it.
 */
import { subscribe, unsubscribe } from 'node:diagnostics_channel';
import type { IncomingMessage, Server, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';

const CHANNEL = 'http.server.request.start';

interface Announcement {
  readonly request: IncomingMessage;
  readonly response: ServerResponse;
  readonly socket: Socket;
  readonly server: Server;
}

/** Prints the requests to the server on `port`; `rtt` (ms) is what their time is compared with. Returns its end. */
export function logRequests(port: number, rtt: number, print: (line: string) => void): () => void {
  const onRequest = (message: unknown): void => {
    const { server, ...exchange } = message as Announcement;
    const address = server.address();
    if (address === null || typeof address === 'string' || address.port !== port) return;
    follow(exchange, rtt, print);
  };
  subscribe(CHANNEL, onRequest);
  return () => {
    unsubscribe(CHANNEL, onRequest);
  };
}

function follow(
  { request, response, socket }: Omit<Announcement, 'server'>,
  rtt: number,
  print: (line: string) => void,
): void {
  const start = performance.now();
  const written = socket.bytesWritten;
  response.once('close', () => {
    const time = performance.now() - start;
    const outcome = response.writableFinished ? `${response.statusCode}` : 'cut';
    const columns = [
      outcome.padStart(3),
      `${(socket.bytesWritten - written).toLocaleString('en')} bytes`.padStart(20),
      formatTime(time, rtt).padStart(28),
      `  ${request.method} ${request.url}`,
    ];
    print(columns.join(''));
  });
}

/** `292 ms (1.9 round trips)`. */
export function formatTime(time: number, rtt: number): string {
  const ms = `${Math.round(time)} ms`;
  return rtt === 0 ? ms : `${ms} (${(time / rtt).toFixed(1)} round trips)`;
}
