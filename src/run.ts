import type { Logger } from 'pino';
import { startClient } from './client.ts';
import { type Identity, loadIdentity } from './config/identity.ts';
import { loadConfig } from './config/load.ts';
import { ConfigError, fileProblem } from './config/problem.ts';
import { type Config, isClient } from './config/schema.ts';
import type { Observation } from './observation.ts';
import { ProblemLog } from './observe/problem-log.ts';
import { AccessLog, type AccessLogOptions } from './proxy/access-log.ts';
import { observers, type RequestObserver } from './proxy/observer.ts';
import { LOOK_FOR_MEMORY, SpareMemory } from './quic/spare-memory.ts';
import { Reloader } from './reload.ts';
import { type Running, StartError } from './running.ts';
import { startServer } from './server.ts';
import { Service } from './service.ts';
import { CertificateWatch } from './system/certificate-watch.ts';
import { atEachBeat, BEAT } from './system/heartbeat.ts';
import { endOnTheUnexpected } from './system/last-words.ts';
import { alwaysTold, createLogger } from './system/log.ts';
import { untilSignalled, within } from './system/shutdown.ts';
import { connectServiceManager } from './system/systemd.ts';
import { startWatchdog, watchdogInterval } from './system/systemd-watchdog.ts';

/** Skipping verification is said at start and then this often, milliseconds. */
const INSECURE_REMINDER = 3_600_000;

/** For connections to be closed in the end, milliseconds: that peers are told is a courtesy. */
const FAREWELL = 3000;

/**
 * Runs the end that `file` configures until a signal says otherwise. Returns the exit code. Throws a ConfigError
 * when it cannot start.
 */
export async function run(file: string, env: NodeJS.ProcessEnv): Promise<number> {
  const config = loadConfig(file, env);
  const identity = loadIdentity(config.tls, env);
  const problems = new ProblemLog();
  const logger = createLogger(config.system.log_level, config.system.log_format, undefined, problems.keep);
  for (const warning of identity.warnings) logger.warn({}, warning);
  if (config.tls.skip_verify) remindOfInsecurity(logger);
  const notify = await connectServiceManager(env, logger);
  endOnTheUnexpected(logger, notify);
  const interval = watchdogInterval(env, process.pid, config.system.watchdog_factor, logger);
  if (interval !== undefined) startWatchdog(interval, notify);
  const signalled = untilSignalled();
  const side = isClient(config) ? 'tunnel' : 'origin';
  const accessLog = new AccessLog(alwaysTold(logger), side, accessLogOptions(config));
  const observation = await orConfigError(file, () => observe(config, problems, logger));
  const observer = observation === undefined ? accessLog : observers(accessLog, observation.requests);
  const running = await orConfigError(file, () => start(config, identity, logger, env, observer)).catch(
    (error) => {
      observation?.stop();
      throw error;
    },
  );
  const watch = new CertificateWatch(() => running.certificates(), Date.now, logger);
  watch.start();
  const service = new Service(running, notify, () => watch.remark);
  service.started(config.system.wait_for_first_attempt);
  const reloader = new Reloader(file, config, running, service, logger, env, (changed) =>
    accessLog.reconfigure(accessLogOptions(changed)),
  );
  const memory = new SpareMemory(logger);
  atEachBeat(() => void memory.look(), LOOK_FOR_MEMORY / BEAT);
  process.on('SIGHUP', () => reloader.reload());
  observation?.attach({ running, state: () => service.status, config: () => reloader.config });
  const signal = await signalled;
  await shutDown(signal, running, service, config.system.shutdown_timeout, logger);
  observation?.stop();
  logger.info({}, 'stopped');
  return 0;
}

/** What observes is loaded only where that is wanted: its library takes more time than all the rest. */
async function observe(
  config: Config,
  problems: ProblemLog,
  logger: Logger,
): Promise<Observation | undefined> {
  const address = config.system.metrics_bind_address;
  if (address === undefined) return undefined;
  const { Observation } = await import('./observation.ts');
  return Observation.start(address, config, problems, logger);
}

function start(
  config: Config,
  identity: Identity,
  logger: Logger,
  env: NodeJS.ProcessEnv,
  observer: RequestObserver,
): Promise<Running> {
  return isClient(config)
    ? startClient(config, identity, logger, env, observer)
    : startServer(config, identity, logger, env, observer);
}

/** What cannot be had, as a fault of the configuration. */
async function orConfigError<T>(file: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof StartError)) throw error;
    throw new ConfigError([fileProblem(file, error.message, error.key)]);
  }
}

async function shutDown(
  signal: NodeJS.Signals,
  running: Running,
  service: Service,
  timeout: number,
  logger: Logger,
): Promise<void> {
  service.stopping(timeout);
  // First the deed, then the word: who reads the line may rely on it.
  const draining = running.drain();
  logger.info({ signal }, `${signal}: shutting down`);
  const drained = await within(timeout, draining);
  if (!drained) logger.warn({ timeout }, 'shutdown_timeout has passed: cutting what is still in flight');
  service.closing();
  await within(FAREWELL, running.stop());
}

function accessLogOptions({ system }: Config): AccessLogOptions {
  return { enabled: system.access_log, withQuery: system.access_log_query };
}

function remindOfInsecurity(logger: Logger): void {
  const warn = (): void =>
    logger.warn({}, 'tls.skip_verify is true: the peer is not verified, anybody can be at the other end');
  warn();
  setInterval(warn, INSECURE_REMINDER).unref();
}
