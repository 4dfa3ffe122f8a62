import { type Logger, pino } from 'pino';
import pretty from 'pino-pretty';

export type LogLevel = 'trace' | 'debug' | 'info' | 'warn' | 'error';
export type LogFormat = 'pretty' | 'json';

/**
 * The log, on standard output. Lines are written at once: a service that dies must not take its last words along.
 * `json` is one object a line with the time in ISO 8601; `pretty` is for people.
 */
export function createLogger(level: LogLevel, format: LogFormat): Logger {
  const options = { name: 'ptproxy', level };
  if (format === 'json') {
    const json = { ...options, base: { name: 'ptproxy' }, timestamp: pino.stdTimeFunctions.isoTime };
    return pino(
      { ...json, formatters: { level: (label) => ({ level: label }) } },
      pino.destination({ sync: true }),
    );
  }
  return pino(
    options,
    pretty({
      sync: true,
      translateTime: "UTC:yyyy-mm-dd'T'HH:MM:ss.l'Z'",
      ignore: 'pid,hostname',
      singleLine: true,
      colorize: process.stdout.isTTY === true,
    }),
  );
}
