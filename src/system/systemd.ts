/** What systemd, or another service manager that speaks its protocol, hears of us: sd_notify(3). */

/** Sends one message: assignments, one a line. */
export type Notify = (message: string) => void;

export interface Logger {
  warn(details: object, message: string): void;
}

/** Longest STATUS text, characters: it is one line of `systemctl status`. */
const LONGEST_STATUS = 500;

/** What a drain takes longer than its bound: closing the connections and the process, milliseconds. */
const CLOSING_TIME = 5000;

/**
 * How to send to the service manager that `NOTIFY_SOCKET` names. Without one, what is sent goes nowhere; the same,
 * after one warning, when the optional package sd-notify is not there.
 */
export async function connectServiceManager(
  env: NodeJS.ProcessEnv,
  logger: Logger,
  load: () => Promise<{ readonly default: { sendState: Notify } }> = () => import('sd-notify'),
): Promise<Notify> {
  if (!env.NOTIFY_SOCKET) return () => {};
  try {
    const { sendState } = (await load()).default;
    return sendState;
  } catch (error) {
    const [reason] = String(error instanceof Error ? error.message : error).split('\n');
    logger.warn(
      {},
      `NOTIFY_SOCKET is set, but systemd will hear nothing: sd-notify cannot be loaded (${reason}); ${REMEDY}`,
    );
    return () => {};
  }
}

const REMEDY =
  'install libsystemd-dev and a C++ compiler and run "npm ci" again, or set Type=exec and no WatchdogSec in the unit';

/** The service is up, or up again after a reload. */
export const readyMessage = (status: string): string => `READY=1\n${statusMessage(status)}`;

/** A reload begins; {@link readyMessage} ends it. `now`: CLOCK_MONOTONIC, nanoseconds, as `process.hrtime.bigint()`. */
export const reloadingMessage = (status: string, now: bigint): string =>
  `RELOADING=1\nMONOTONIC_USEC=${now / 1000n}\n${statusMessage(status)}`;

/** The service ends. `timeout`: how long requests in flight may still take, milliseconds. */
export const stoppingMessage = (status: string, timeout: number): string =>
  `STOPPING=1\nEXTEND_TIMEOUT_USEC=${(timeout + CLOSING_TIME) * 1000}\n${statusMessage(status)}`;

/** The service ends for this error, with its number where the system has one (errno(3)). */
export function failedMessage(error: unknown): string {
  const number = error instanceof Error && 'errno' in error ? Math.abs(Number(error.errno)) : 0;
  const errno = number > 0 ? `ERRNO=${number}\n` : '';
  return `STOPPING=1\n${errno}${statusMessage(`failed: ${String(error)}`)}`;
}

/** The main loop turns. */
export const WATCHDOG_MESSAGE = 'WATCHDOG=1';

/**
 * What the service does, for `systemctl status`. Parts of the text come from the peer: a line break in it must not
 * begin another assignment.
 */
export function statusMessage(status: string): string {
  const line = status.replaceAll(/\p{Cc}+/gu, ' ').trim();
  return `STATUS=${line.length > LONGEST_STATUS ? `${line.slice(0, LONGEST_STATUS - 1)}…` : line}`;
}
