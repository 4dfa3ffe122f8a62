import { failedMessage, type Notify } from './systemd.ts';

/** Where the last words go. */
export interface LastWordsLogger {
  error(details: object, message: string): void;
}

/**
 * From now on an exception that nobody catches, or a rejection that nobody awaits, ends the process with exit code 1: what
 * it has left undone nobody knows, and the service manager starts another process. The log gets the error with its
 * causes, the service manager why.
 */
export function endOnTheUnexpected(logger: LastWordsLogger, notify: Notify): void {
  process.on('uncaughtException', (error: unknown, origin) => {
    try {
      logger.error(
        { err: error, origin },
        `ending for an error that nobody has dealt with: ${String(error)}`,
      );
      notify(failedMessage(error));
    } finally {
      process.exit(1);
    }
  });
}
