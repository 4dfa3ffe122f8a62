/** As much of a logger as QUIC needs; pino fits. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
}

/** Most different warnings that are remembered. */
const WARNINGS = 100;

/** The same logger, which warns of each thing once; repetitions only show at level debug. */
export function warningOnce(logger: Logger): Logger {
  const told = new Set<string>();
  return {
    debug: (details, message) => logger.debug(details, message),
    info: (details, message) => logger.info(details, message),
    warn: (details, message) => {
      const isNews = told.size < WARNINGS && !told.has(message);
      if (isNews) told.add(message);
      logger[isNews ? 'warn' : 'debug'](details, message);
    },
  };
}
