import { type Logger, type Notify, WATCHDOG_MESSAGE } from './systemd.ts';

/** Shortest interval between two keep-alives, and the longest that a timer of Node can be set to, milliseconds. */
const SHORTEST = 10;
const LONGEST = 2 ** 31 - 1;

/**
 * Milliseconds between two keep-alives: systemd's limit (sd_watchdog_enabled(3)) divided by `factor`. Undefined when
 * systemd wants none, or none from the process `pid`.
 */
export function watchdogInterval(
  env: NodeJS.ProcessEnv,
  pid: number,
  factor: number,
  logger: Logger,
): number | undefined {
  const { WATCHDOG_USEC: limit, WATCHDOG_PID: wanted } = env;
  if (!limit || (wanted && wanted !== String(pid))) return undefined;
  if (!/^[1-9]\d{0,15}$/.test(limit)) {
    logger.warn(
      {},
      `no watchdog: WATCHDOG_USEC is ${JSON.stringify(limit)}; allowed is a number of microseconds`,
    );
    return undefined;
  }
  return Math.min(LONGEST, Math.max(SHORTEST, Math.floor(Number(limit) / 1000 / factor)));
}

/**
 * Feeds the watchdog, every `interval` milliseconds until the process ends. The main loop does it: when it hangs, so
 * does everything.
 */
export function startWatchdog(interval: number, notify: Notify): void {
  notify(WATCHDOG_MESSAGE);
  setInterval(() => notify(WATCHDOG_MESSAGE), interval).unref();
}
