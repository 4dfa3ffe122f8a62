import type { FieldLines, RequestStream, RequestStreamEvents } from '../h3/port.ts';
import type { Logger } from './failures.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { OriginContext } from './origin-context.ts';
import { OriginExchange } from './origin-exchange.ts';
import { OriginPool } from './origin-pool.ts';

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
  /**
   * Takes a request, as `SessionEvents.onRequest` gives it, and returns who hears the rest. `forwarded` is the
   * Forwarded element of this hop, when one is to be added.
   */
  onRequest(stream: RequestStream, fields: FieldLines, forwarded: string | undefined): RequestStreamEvents;
  /** Resolves once all requests in flight are done, and lets go of idle connections. */
  close(): Promise<void>;
  /** Breaks everything off. */
  destroy(): void;
}

/** Makes an origin; it connects when the first request comes. */
export function createOrigin(options: OriginOptions, logger: Logger): Origin {
  const context: OriginContext = {
    address: options.originAddress,
    pool: new OriginPool(options.tcpNoDelay),
    logger,
    limits: options,
    connectTimeout: options.connectTimeout,
    streamIdleTimeout: options.streamIdleTimeout,
    requestTimeout: options.requestTimeout,
    exchanges: new Set(),
    onIdle: () => {},
  };
  let closed: Promise<void> | undefined;
  return {
    get inFlight() {
      return context.exchanges.size;
    },
    onRequest: (stream, fields, forwarded) => {
      const exchange = new OriginExchange(stream, fields, forwarded, context);
      exchange.start();
      return exchange;
    },
    close: () => {
      closed ??= close(context);
      return closed;
    },
    destroy: () => {
      for (const exchange of context.exchanges) exchange.abort();
      context.pool.destroy();
    },
  };
}

async function close(context: OriginContext): Promise<void> {
  if (context.exchanges.size > 0) {
    await new Promise<void>((resolve) => {
      context.onIdle = resolve;
    });
  }
  context.pool.destroy();
}
