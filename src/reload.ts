import type { Logger } from 'pino';
import { loadIdentity } from './config/identity.ts';
import { loadConfig } from './config/load.ts';
import { type Config, SECTION_NAMES } from './config/schema.ts';
import type { Running } from './running.ts';
import type { Service } from './service.ts';

/** Keys that a running end keeps: sockets are bound to them, parsers made with them, lines begun in them. */
const FIXED: ReadonlySet<string> = new Set([
  'general.mode',
  'general.http_bind_address',
  'system.tcp_nodelay',
  'system.max_header_size',
  'system.log_format',
  'system.metrics_bind_address',
  'system.watchdog_factor',
  'system.wait_for_first_attempt',
]);

/** At the server the UDP socket stays, too; a client opens a new one for each connection. */
const FIXED_AT_SERVER: ReadonlySet<string> = new Set([
  'general.quic_port',
  'general.bind_address',
  'transport.socket_receive_buffer_size',
  'transport.socket_send_buffer_size',
]);

/**
 * Reads configuration and certificates again on SIGHUP, and lets the running end go by them. When something is wrong
 * with them, it is told, and all stays as it was.
 */
export class Reloader {
  readonly #file: string;
  readonly #running: Running;
  readonly #service: Service;
  readonly #logger: Logger;
  readonly #env: NodeJS.ProcessEnv;
  readonly #onReloaded: (config: Config) => void;
  #config: Config;

  /** `onReloaded`: for what goes by the configuration, but is no part of the running end. */
  constructor(
    file: string,
    config: Config,
    running: Running,
    service: Service,
    logger: Logger,
    env: NodeJS.ProcessEnv,
    onReloaded: (config: Config) => void,
  ) {
    this.#file = file;
    this.#config = config;
    this.#running = running;
    this.#service = service;
    this.#logger = logger;
    this.#env = env;
    this.#onReloaded = onReloaded;
  }

  /** What counts now. */
  get config(): Config {
    return this.#config;
  }

  reload(): void {
    this.#service.reloading();
    try {
      this.#apply();
    } catch (error) {
      const reason = error instanceof Error ? error.message : String(error);
      const oneLine = reason.replaceAll('\n', '; ');
      this.#logger.error({}, `reload failed, all stays as it was: ${oneLine}`);
    } finally {
      this.#service.reloaded();
    }
  }

  #apply(): void {
    const config = loadConfig(this.#file, this.#env);
    if (config.general.mode !== this.#config.general.mode) {
      throw new Error(`${this.#file}: general.mode cannot change while running; restart instead`);
    }
    const identity = loadIdentity(config.tls, this.#env);
    for (const warning of identity.warnings) this.#logger.warn({}, warning);
    const kept = this.#keptKeys(config);
    this.#running.reload(config, identity);
    this.#logger.level = config.system.log_level;
    this.#onReloaded(config);
    this.#config = this.#keeping(kept, config);
    if (kept.length > 0) {
      this.#logger.warn({ keys: kept }, `these keys keep their values until a restart: ${kept.join(', ')}`);
    }
    this.#logger.info({}, 'configuration and certificates reloaded');
  }

  /** `config`, with the values that stay. */
  #keeping(kept: readonly string[], config: Config): Config {
    const sections = SECTION_NAMES.map((section) => {
      const stays = Object.entries(this.#config[section]).filter(([key]) =>
        kept.includes(`${section}.${key}`),
      );
      return [section, { ...config[section], ...Object.fromEntries(stays) }];
    });
    // The keys and types of each section are as they were: the compiler cannot follow that through a loop.
    return Object.fromEntries(sections) as Config;
  }

  /** Keys that changed, but cannot while the end runs. */
  #keptKeys(config: Config): string[] {
    const isServer = config.general.mode === 'Server';
    return SECTION_NAMES.flatMap((section) => {
      const before: Readonly<Record<string, unknown>> = this.#config[section];
      const after: Readonly<Record<string, unknown>> = config[section];
      return Object.keys(after)
        .filter((key) => JSON.stringify(after[key]) !== JSON.stringify(before[key]))
        .map((key) => `${section}.${key}`)
        .filter((key) => FIXED.has(key) || (isServer && FIXED_AT_SERVER.has(key)));
    });
  }
}
