import type { Logger } from './failures.ts';
import type { FrontConnection } from './front-connection.ts';
import type { FrontUpgrade } from './front-upgrade.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { RequestObserver } from './observer.ts';
import type { Tunnel } from './tunnel.ts';

/** What all exchanges of a front share. The settings among it change with a reload. */
export interface FrontContext {
  readonly tunnel: Tunnel;
  readonly logger: Logger;
  readonly observer: RequestObserver;
  limits: SectionLimits;
  /** Milliseconds without a byte either way. */
  streamIdleTimeout: number;
  /** Milliseconds from the request's end to the response's head; none: no limit. */
  requestTimeout: number | undefined;
  addForwarded: boolean;
  /** All that are open. */
  readonly connections: Set<FrontConnection>;
  /** No more is accepted; what is in flight goes on, and each connection ends with it. */
  closing: boolean;
  /** What is in flight is being broken off. */
  cutting: boolean;
  /** Exchanges not yet over, without upgrades. */
  inFlight: number;
  /** Upgrades, asked for or done, not yet over. */
  readonly upgrades: Set<FrontUpgrade>;
}
