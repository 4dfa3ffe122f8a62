import { Agent, type ClientRequest, type ClientRequestArgs } from 'node:http';
import type { Socket } from 'node:net';
import type { Duplex } from 'node:stream';

/**
 * Connections to the origin, kept for the next request. They are given up early, before the origin may do it: a request
 * written to a connection that is just being closed could not be sent again.
 */
export class OriginPool extends Agent {
  readonly #hints = new WeakMap<Duplex, number>();

  constructor(tcpNoDelay: boolean) {
    // What Agent does not know it hands to the sockets.
    const options = {
      keepAlive: true,
      scheduling: 'lifo',
      maxFreeSockets: MAX_IDLE,
      noDelay: tcpNoDelay,
      highWaterMark: SOCKET_BUFFER,
    } as const;
    super(options);
  }

  /** A head that no content comes with is a string to node:http, and one byte a character to us. */
  override createConnection(options: ClientRequestArgs): Duplex | null | undefined {
    const socket = super.createConnection(options);
    socket?.setDefaultEncoding('latin1');
    return socket;
  }

  /** How many there are, by whether a request uses them. */
  get connections(): { readonly busy: number; readonly idle: number } {
    return { busy: count(this.sockets), idle: count(this.freeSockets) };
  }

  /** Tells what the origin said of how long it keeps this connection: its Keep-Alive field. */
  hint(socket: Socket, keepAlive: string): void {
    const seconds = TIMEOUT.exec(keepAlive)?.[1];
    if (seconds !== undefined) this.#hints.set(socket, Number(seconds) * 1000 - HINT_MARGIN);
  }

  override keepSocketAlive(socket: Socket): boolean {
    const idleTime = Math.min(IDLE_TIME, this.#hints.get(socket) ?? IDLE_TIME);
    if (idleTime <= 0) return false;
    socket.setTimeout(idleTime);
    socket.on('data', destroy);
    socket.unref();
    return true;
  }

  override reuseSocket(socket: Socket, request: ClientRequest): void {
    socket.off('data', destroy);
    socket.setTimeout(0);
    super.reuseSocket(socket, request);
  }
}

const MAX_IDLE = 256;

// Milliseconds. Servers keep an idle connection for five seconds (Node, Apache) or longer; Agent destroys it then.
const IDLE_TIME = 4000;
const HINT_MARGIN = 1000;

/** Bytes held for a socket each way before its other side is paused. */
export const SOCKET_BUFFER = 65_536;

const TIMEOUT = /(?:^|,)\s*timeout=(\d{1,6})\b/i;

function count(sockets: NodeJS.ReadOnlyDict<readonly Socket[]>): number {
  return Object.values(sockets).reduce((sum, each) => sum + (each?.length ?? 0), 0);
}

// Nobody asked: it would be taken for the answer to the next request.
function destroy(this: Socket): void {
  this.destroy();
}
