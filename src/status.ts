import { setTimeout as pause } from 'node:timers/promises';
import { formatAddress } from './config/address.ts';
import { ConfigError, fileProblem } from './config/problem.ts';
import { readSource } from './config/source.ts';
import { validate } from './config/validate.ts';
import { fetchStatus, type StatusAddress, StatusError } from './observe/status-client.ts';
import { statusView } from './observe/status-view.ts';

export interface StatusOptions {
  readonly watch: boolean;
  readonly json: boolean;
}

/** Exit codes: it runs and is ready; it cannot be asked; it runs and is not ready. */
const READY = 0;
const UNKNOWN = 1;
const NOT_READY = 3;

/** How often `--watch` looks, milliseconds. */
const INTERVAL = 1000;

/** Shows what the end that `file` configures says of itself. Returns the exit code. Throws a ConfigError. */
export async function showStatus(file: string, options: StatusOptions): Promise<number> {
  const address = statusAddress(file);
  if (!options.watch) return showOnce(address, options);
  for (;;) {
    const started = performance.now();
    await showOnce(address, options);
    await pause(Math.max(0, started + INTERVAL - performance.now()));
  }
}

/** Erases the screen, and goes to its upper left corner. */
const CLEAR = '\u001b[2J\u001b[H';

async function showOnce(address: StatusAddress, { watch, json }: StatusOptions): Promise<number> {
  const live = watch && !json && process.stdout.isTTY;
  try {
    const status = await fetchStatus(address, formatAddress(address));
    const text = json ? `${JSON.stringify(status)}\n` : statusView(status, width());
    process.stdout.write(live ? CLEAR + text : text);
    return status.ready ? READY : NOT_READY;
  } catch (error) {
    if (!(error instanceof StatusError)) throw error;
    if (live) process.stdout.write(CLEAR);
    process.stderr.write(`${error.message}\n`);
    return UNKNOWN;
  }
}

// What is not a terminal gets whole lines.
const width = (): number => process.stdout.columns ?? Number.POSITIVE_INFINITY;

/**
 * Where the end is to be asked. Only that key is looked at: what else is in the file may have changed since the end was
 * started, and its keys may be readable by the service alone.
 */
function statusAddress(file: string): StatusAddress {
  const key = 'system.metrics_bind_address';
  const { draft, problems } = validate(readSource(file));
  const address = draft.system.get('metrics_bind_address');
  const own = problems.filter((problem) => problem.key === key);
  if (own.length > 0) throw new ConfigError(own);
  const refuse = (message: string) => new ConfigError([fileProblem(file, message, key)]);
  if (!isAddress(address))
    throw refuse(
      'not set, so that this end says nothing of itself; set it, e.g. to "127.0.0.1:9464", and restart',
    );
  if (address.port === 0)
    throw refuse('found port 0, which can be any; allowed for a status is a fixed port');
  return { host: LOOPBACK[address.host] ?? address.host, port: address.port };
}

/** Where to reach what is bound to all addresses. */
const LOOPBACK: Readonly<Record<string, string>> = { '0.0.0.0': '127.0.0.1', '::': '::1' };

const isAddress = (value: unknown): value is StatusAddress =>
  typeof value === 'object' && value !== null && 'host' in value && 'port' in value;
