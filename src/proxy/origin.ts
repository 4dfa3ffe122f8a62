import type { FloodCounters } from '../h3/flood-counters.ts';
import type { FieldLines, RequestStreamEvents } from '../h3/port.ts';
import type { OnOver } from './admission.ts';
import type { Logger } from './failures.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { OriginContext } from './origin-context.ts';
import { type AdmittedRequest, originHeadDeadlines } from './origin-dialogue.ts';
import { OriginExchange } from './origin-exchange.ts';
import { Exchanges } from './origin-exchanges.ts';
import { OriginPool } from './origin-pool.ts';
import { OriginUpgrade } from './origin-upgrade.ts';
import { contentDeadlines } from './origin-upload.ts';
import { QuietWatch } from './quiet-watch.ts';
import { isUpgrade } from './upgrade.ts';
import { upgradeAgent } from './upgrade-request.ts';

/** How the HTTP/1.1 side of server mode behaves. Times in milliseconds. */
export interface OriginOptions extends SectionLimits {
  readonly originAddress: { readonly host: string; readonly port: number };
  readonly tcpNoDelay: boolean;
  readonly connectTimeout: number;
  /** From the request's end to the response's head; undefined: no limit. */
  readonly requestTimeout: number | undefined;
  /** Without a byte either way. */
  readonly streamIdleTimeout: number;
}

/** Server mode's face: passes what comes out of the tunnel to an HTTP/1.1 service. */
export interface Origin {
  /** Requests whose exchange is not over. */
  readonly inFlight: number;
  /** Upgrades among them. */
  readonly upgrades: number;
  /** Connections to the service; those of upgrades are not among them. */
  readonly connections: { readonly busy: number; readonly idle: number };
  /**
   * Takes a request whose head has these fields, and returns who hears the rest. `onOver` is called once when nothing
   * of the request runs here any more and the peer has given credit for all of the answer.
   */
  onRequest(admitted: AdmittedRequest, fields: FieldLines, onOver: OnOver): RequestStreamEvents;
  /** This end stops: WebSockets get a Close frame, those to come as well. */
  farewell(): void;
  /** Resolves once all requests in flight are done, and lets go of idle connections. */
  close(): Promise<void>;
  /** Breaks everything off. */
  destroy(): void;
}

/** Makes an origin; it connects when the first request comes. */
export function createOrigin(options: OriginOptions, logger: Logger, floods: FloodCounters): Origin {
  const exchanges = new Exchanges(options.streamIdleTimeout, logger, floods);
  const context: OriginContext = {
    address: options.originAddress,
    pool: new OriginPool({
      address: options.originAddress,
      tcpNoDelay: options.tcpNoDelay,
      maxHeaderSize: options.maxHeaderSize,
    }),
    upgrades: upgradeAgent(options.tcpNoDelay),
    logger,
    limits: options,
    connectTimeout: options.connectTimeout,
    quiet: new QuietWatch(options.streamIdleTimeout),
    headDeadlines: originHeadDeadlines(options.requestTimeout),
    contentDeadlines: contentDeadlines(),
    stopping: false,
    leave: (exchange) => exchanges.leave(exchange),
  };
  let closed: Promise<void> | undefined;
  return {
    get inFlight() {
      return exchanges.size;
    },
    get upgrades() {
      return exchanges.upgrades;
    },
    get connections() {
      return context.pool.connections;
    },
    onRequest: (admitted, fields, onOver) => {
      const Kind = isUpgrade(fields) ? OriginUpgrade : OriginExchange;
      admitted.account.leftQueue();
      const exchange = new Kind(admitted, fields, context, onOver);
      exchanges.add(exchange);
      exchange.start();
      return exchange;
    },
    farewell: () => {
      context.stopping = true;
      exchanges.farewell();
    },
    close: () => {
      closed ??= new Promise((resolve) => {
        exchanges.whenIdle(() => {
          context.pool.destroy();
          resolve();
        });
      });
      return closed;
    },
    destroy: () => {
      exchanges.abort();
      context.pool.destroy();
    },
  };
}
