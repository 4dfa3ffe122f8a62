import type { Logger } from './failures.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { OriginExchange } from './origin-exchange.ts';
import type { OriginPool } from './origin-pool.ts';

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
  /** Exchanges not yet over. */
  readonly exchanges: Set<OriginExchange>;
  /** Called when the last of them is over. */
  onIdle: () => void;
}
