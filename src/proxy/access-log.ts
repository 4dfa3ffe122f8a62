import { loggedPath, printable } from './failures.ts';
import type { RequestObserver, RequestRecord } from './observer.ts';

/** Where the lines go: whatever the level of other lines is. */
export interface AccessLogger {
  info(details: object, message: string): void;
}

/** What may change while the program runs. */
export interface AccessLogOptions {
  readonly enabled: boolean;
  /** Whether the query is part of the path; it may hold secrets. */
  readonly withQuery: boolean;
}

/** One line for each request that is over. Neither fields nor content go there. */
export class AccessLog implements RequestObserver {
  readonly #logger: AccessLogger;
  readonly #side: 'tunnel' | 'origin';
  #options: AccessLogOptions;

  /** `side`: what this end's requests wait for. */
  constructor(logger: AccessLogger, side: 'tunnel' | 'origin', options: AccessLogOptions) {
    this.#logger = logger;
    this.#side = side;
    this.#options = options;
  }

  reconfigure(options: AccessLogOptions): void {
    this.#options = options;
  }

  onRequestOver(record: RequestRecord): void {
    if (!this.#options.enabled) return;
    const method = printable(record.method);
    const path = loggedPath(record.target, this.#options.withQuery);
    const details = {
      log: 'access',
      request: record.id,
      connection: record.connection,
      method,
      path,
      status: record.status,
      outcome: record.outcome,
      upgraded: record.upgraded || undefined,
      requestBytes: record.requestBytes,
      responseBytes: record.responseBytes,
      duration: tenths(record.duration),
      queued: tenths(record.queued),
      [this.#side]: record.waited === undefined ? undefined : tenths(record.waited),
    };
    this.#logger.info(details, `${method || '-'} ${path || '-'} ${record.status ?? '-'}`);
  }
}

function tenths(milliseconds: number): number {
  return Math.round(milliseconds * 10) / 10;
}
