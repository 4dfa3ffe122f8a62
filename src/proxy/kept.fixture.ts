import type { Logger } from './failures.ts';
import type { RequestObserver, RequestRecord } from './observer.ts';

/** One line of a test's log. */
export interface LogLine {
  readonly level: string;
  readonly details: Record<string, unknown>;
  readonly message: string;
}

/** A log that keeps its lines. */
export function logger(log: LogLine[]): Logger {
  const at = (level: string) => (details: object, message: string) => {
    log.push({ level, details: details as Record<string, unknown>, message });
  };
  return { debug: at('debug'), info: at('info'), warn: at('warn'), error: at('error') };
}

/** Keeps what is told of requests, as it is at that moment. */
export function keepIn(records: RequestRecord[]): RequestObserver {
  return {
    onRequestOver: (record) => {
      const { id, connection } = record;
      records.push({ ...record, id, connection });
    },
  };
}
