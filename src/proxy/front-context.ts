import type { LinkedList } from '../bytes/linked-list.ts';
import type { Deadlines } from './deadlines.ts';
import type { Logger } from './failures.ts';
import type { FrontConnection } from './front-connection.ts';
import type { FrontDialogue } from './front-dialogue.ts';
import type { FrontUpgrade } from './front-upgrade.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { RequestObserver } from './observer.ts';
import type { QuietWatch } from './quiet-watch.ts';
import type { Tunnel } from './tunnel.ts';

/** What all exchanges of a front share. The settings among it change with a reload. */
export interface FrontContext {
  readonly tunnel: Tunnel;
  readonly logger: Logger;
  readonly observer: RequestObserver;
  limits: SectionLimits;
  /** For exchanges without a byte either way. */
  quiet: QuietWatch;
  /** For exchanges from the request's end to the response's head; none: no limit. */
  headDeadlines: Deadlines<FrontDialogue> | undefined;
  addForwarded: boolean;
  /** For connections that the head of a request is coming on, and for those without request. */
  readonly headsComing: Deadlines<FrontConnection>;
  readonly idleLong: Deadlines<FrontConnection>;
  /** Connections that there may be. */
  maxConnections: number;
  /** All that are open, and those of them that have no request, the longest idle first. */
  readonly connections: Set<FrontConnection>;
  readonly idle: LinkedList<FrontConnection>;
  /** Connections over the limit, which are told so and closed. */
  readonly turnedAway: Set<FrontConnection>;
  /** No more is accepted; what is in flight goes on, and each connection ends with it. */
  closing: boolean;
  /** What is in flight is being broken off. */
  cutting: boolean;
  /** Exchanges not yet over, without upgrades. */
  inFlight: number;
  /** Upgrades, asked for or done, not yet over. */
  readonly upgrades: Set<FrontUpgrade>;
}
