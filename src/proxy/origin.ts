import type { FieldLines, RequestStreamEvents } from '../h3/port.ts';
import type { Logger } from './failures.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { OriginContext } from './origin-context.ts';
import type { AdmittedRequest } from './origin-dialogue.ts';
import { OriginExchange } from './origin-exchange.ts';
import { OriginPool } from './origin-pool.ts';
import { OriginUpgrade } from './origin-upgrade.ts';
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
   * of the request runs here any more.
   */
  onRequest(admitted: AdmittedRequest, fields: FieldLines, onOver: () => void): RequestStreamEvents;
  /** This end stops: WebSockets get a Close frame, those to come as well. */
  farewell(): void;
  /** Resolves once all requests in flight are done, and lets go of idle connections. */
  close(): Promise<void>;
  /** Breaks everything off. */
  destroy(): void;
}

/** Makes an origin; it connects when the first request comes. */
export function createOrigin(options: OriginOptions, logger: Logger): Origin {
  const exchanges = new Exchanges();
  const context: OriginContext = {
    address: options.originAddress,
    pool: new OriginPool(options.tcpNoDelay),
    upgrades: upgradeAgent(options.tcpNoDelay),
    logger,
    limits: options,
    connectTimeout: options.connectTimeout,
    streamIdleTimeout: options.streamIdleTimeout,
    requestTimeout: options.requestTimeout,
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
      const Exchange = isUpgrade(fields) ? OriginUpgrade : OriginExchange;
      admitted.account.leftQueue();
      const exchange = new Exchange(admitted, fields, context);
      exchanges.add(exchange, onOver);
      exchange.start();
      return exchange;
    },
    farewell: () => {
      context.stopping = true;
      exchanges.farewell();
    },
    close: () => {
      closed ??= exchanges.idle().then(() => context.pool.destroy());
      return closed;
    },
    destroy: () => {
      exchanges.abort();
      context.pool.destroy();
    },
  };
}

/** Exchanges that are not over, and who waits for the end of each, and of all. */
class Exchanges {
  readonly #onOver = new Map<OriginExchange | OriginUpgrade, () => void>();
  #onIdle: () => void = () => {};

  get size(): number {
    return this.#onOver.size;
  }

  get upgrades(): number {
    let count = 0;
    for (const exchange of this.#onOver.keys()) if (exchange instanceof OriginUpgrade) count++;
    return count;
  }

  add(exchange: OriginExchange | OriginUpgrade, onOver: () => void): void {
    this.#onOver.set(exchange, onOver);
  }

  leave(exchange: OriginExchange | OriginUpgrade): void {
    const onOver = this.#onOver.get(exchange);
    this.#onOver.delete(exchange);
    onOver?.();
    if (this.size === 0) this.#onIdle();
  }

  /** Resolves when all are over. */
  idle(): Promise<void> {
    if (this.size === 0) return Promise.resolve();
    return new Promise((resolve) => {
      this.#onIdle = resolve;
    });
  }

  /** Says goodbye to those that are WebSockets. */
  farewell(): void {
    for (const exchange of this.#onOver.keys()) if (exchange instanceof OriginUpgrade) exchange.farewell();
  }

  /** Breaks all of them off. */
  abort(): void {
    for (const exchange of this.#onOver.keys()) exchange.abort();
  }
}
