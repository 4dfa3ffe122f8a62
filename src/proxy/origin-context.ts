import type { Agent } from 'node:http';
import type { Deadlines } from './deadlines.ts';
import type { Exchange } from './exchange.ts';
import type { Logger } from './failures.ts';
import type { SectionLimits } from './http1-fields.ts';
import type { OriginDialogue } from './origin-dialogue.ts';
import type { OriginPool } from './origin-pool.ts';
import type { ContentDeadlines } from './origin-upload.ts';
import type { QuietWatch } from './quiet-watch.ts';

/** What all exchanges with an origin share. */
export interface OriginContext {
  readonly address: { readonly host: string; readonly port: number };
  readonly pool: OriginPool;
  readonly logger: Logger;
  readonly limits: SectionLimits;
  /** Milliseconds for the connection to stand. */
  readonly connectTimeout: number;
  /** For exchanges without a byte either way. */
  readonly quiet: QuietWatch;
  /** For exchanges from the request's end to the response's head; none: no limit. */
  readonly headDeadlines: Deadlines<OriginDialogue> | undefined;
  /** For requests that have not shown whether they have content. */
  readonly contentDeadlines: ContentDeadlines;
  /** Makes connections that are upgraded. */
  readonly upgrades: Agent;
  /** WebSockets are to end, those to come as well. */
  stopping: boolean;
  /** The exchange is over. */
  leave(exchange: Exchange): void;
}
