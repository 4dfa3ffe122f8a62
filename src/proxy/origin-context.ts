import type { Agent } from 'node:http';
import type { Logger } from './failures.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { RequestOutcome } from './observer.ts';
import type { OriginExchange } from './origin-exchange.ts';
import type { OriginPool } from './origin-pool.ts';
import type { OriginUpgrade } from './origin-upgrade.ts';

/** What all exchanges with an origin share. */
export interface OriginContext {
  readonly address: { readonly host: string; readonly port: number };
  readonly pool: OriginPool;
  readonly logger: Logger;
  readonly limits: SectionLimits;
  /** Milliseconds for the connection to stand. */
  readonly connectTimeout: number;
  /** Milliseconds without a byte either way. */
  readonly streamIdleTimeout: number;
  /** Milliseconds from the request's end to the response's head; none: no limit. */
  readonly requestTimeout: number | undefined;
  /** Makes connections that are upgraded. */
  readonly upgrades: Agent;
  /** WebSockets are to end, those to come as well. */
  stopping: boolean;
  /** The exchange is over. */
  leave(exchange: OriginExchange | OriginUpgrade, outcome: RequestOutcome): void;
}
