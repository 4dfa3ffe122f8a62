import { type AddressInfo, createServer, type Server, type Socket } from 'node:net';
import { LinkedList } from '../bytes/linked-list.ts';
import { Deadlines } from './deadlines.ts';
import type { Logger } from './failures.ts';
import { FrontConnection } from './front-connection.ts';
import type { FrontContext } from './front-context.ts';
import { frontHeadDeadlines } from './front-dialogue.ts';
import { FrontDoor } from './front-door.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { RequestObserver } from './observer.ts';
import { QuietWatch } from './quiet-watch.ts';
import { SOCKET_BUFFER } from './shared-reading.ts';
import type { Tunnel } from './tunnel.ts';
import { KEEP_ALIVE_TIMEOUT } from './written-head.ts';

/** How the HTTP/1.1 side of client mode behaves. Times in milliseconds. */
export interface FrontOptions extends SectionLimits {
  readonly bindAddress: { readonly host: string; readonly port: number };
  readonly tcpNoDelay: boolean;
  /** From the request's end to the response's head; undefined: no limit. */
  readonly requestTimeout: number | undefined;
  /** Without a byte either way. */
  readonly streamIdleTimeout: number;
  /** For the head of a request to arrive. */
  readonly headTimeout: number;
  /** Whether to append a Forwarded element (RFC 7239). */
  readonly addForwarded: boolean;
  /** Connections at once. */
  readonly maxConnections: number;
}

/** Client mode's face: serves HTTP/1.1 and sends every request through the tunnel. */
export interface Front {
  /** Requests whose exchange, or upgraded connection, is not over. */
  readonly inFlight: number;
  /** Upgrades among them. */
  readonly upgrades: number;
  /**
   * Binds, or serves the listening TCP socket whose descriptor is given. Rejects with the system's error, e.g.
   * EADDRINUSE.
   */
  listen(descriptor?: number): Promise<AddressInfo>;
  /** Requests to come go by these options, as far as they do not concern the socket or its parser. */
  reconfigure(options: FrontOptions): void;
  /** Accepts no more, closes idle connections and WebSockets, and resolves once all that is in flight is done. */
  close(): Promise<void>;
  /** Breaks everything off. */
  destroy(): void;
}

/** Makes a front that does not listen yet. */
export function createFront(
  options: FrontOptions,
  tunnel: Tunnel,
  logger: Logger,
  observer: RequestObserver,
): Front {
  const context: FrontContext = {
    tunnel,
    logger,
    observer,
    limits: options,
    ...patience(options),
    addForwarded: options.addForwarded,
    maxConnections: options.maxConnections,
    headsComing: new Deadlines(options.headTimeout, (connection) => connection.onHeadLate()),
    idleLong: new Deadlines(KEPT_FOR, (connection) => connection.onIdleLong()),
    connections: new Set(),
    idle: new LinkedList(),
    turnedAway: new Set(),
    closing: false,
    cutting: false,
    inFlight: 0,
    upgrades: new Set(),
  };
  const sockets = new Set<Socket>();
  const door = new FrontDoor(context);
  const server = createServer(socketOptions(options), (socket) => {
    sockets.add(socket);
    socket.once('close', () => sockets.delete(socket));
    door.enter(new FrontConnection(socket, context));
  });
  let closed: Promise<void> | undefined;
  return {
    get inFlight() {
      return context.inFlight + context.upgrades.size;
    },
    get upgrades() {
      return context.upgrades.size;
    },
    reconfigure: (changed) => {
      const { addForwarded, maxConnections } = changed;
      Object.assign(context, { limits: changed, ...patience(changed), addForwarded, maxConnections });
    },
    listen: (descriptor) => listen(server, descriptor ?? options.bindAddress, logger),
    close: () => {
      closed ??= close(server, context);
      return closed;
    },
    destroy: () => {
      context.cutting = true;
      server.close();
      for (const upgrade of context.upgrades) upgrade.abort();
      for (const socket of sockets) socket.destroy();
    },
  };
}

// Exchanges that run keep to what they began with.
function patience({ streamIdleTimeout, requestTimeout }: FrontOptions) {
  return { quiet: new QuietWatch(streamIdleTimeout), headDeadlines: frontHeadDeadlines(requestTimeout) };
}

// Each side of a connection ends for itself: what a client still gets is for the front to say.
const socketOptions = ({ tcpNoDelay }: FrontOptions) => ({
  allowHalfOpen: true,
  noDelay: tcpNoDelay,
  highWaterMark: SOCKET_BUFFER,
});

// Milliseconds: a little longer than clients are told, for what is on its way when they take their time.
const KEPT_FOR = (KEEP_ALIVE_TIMEOUT + 1) * 1000;

// Connections that may wait to be accepted, e.g. during a restart; the system's limit is net.core.somaxconn.
const BACKLOG = 4096;

type Where = number | FrontOptions['bindAddress'];

function listen(server: Server, socket: Where, logger: Logger): Promise<AddressInfo> {
  const where = typeof socket === 'number' ? { fd: socket } : { host: socket.host, port: socket.port };
  return new Promise((resolve, reject) => {
    server.once('error', reject);
    server.listen({ ...where, backlog: BACKLOG }, () => {
      server.off('error', reject);
      server.on('error', (error) => logger.error({ err: error }, 'accepting a connection failed'));
      const address = server.address();
      if (address !== null && typeof address === 'object') resolve(address);
      else reject(new Error('not a TCP socket'));
    });
  });
}

async function close(server: Server, context: FrontContext): Promise<void> {
  context.closing = true;
  for (const connection of context.connections) connection.closeIfIdle();
  for (const upgrade of context.upgrades) upgrade.farewell();
  await new Promise<void>((resolve) => {
    server.close(() => resolve());
  });
  // What is left of a WebSocket whose client has gone is on its way to the other side.
  await Promise.all([...context.upgrades].map((upgrade) => upgrade.over));
}
