import { type Address, formatAddress } from './config/address.ts';
import { type Config, isClient } from './config/schema.ts';
import { Exposition } from './observe/exposition.ts';
import { type Answer, ObservationServer, plain } from './observe/http-server.ts';
import type { ProblemLog } from './observe/problem-log.ts';
import { ProcessMeter } from './observe/process-meter.ts';
import type { EndReadings } from './observe/readings.ts';
import { RequestMeter } from './observe/request-meter.ts';
import { statusDocument } from './observe/status.ts';
import type { Logger } from './proxy/failures.ts';
import { blaming, type Running } from './running.ts';
import { version } from './version.ts';

/** What is to be observed. */
export interface Observed {
  readonly running: Running;
  /** What it does, as systemd hears it. */
  readonly state: () => string;
  /** What counts now. */
  readonly config: () => Config;
}

const STARTING = 'starting';

/** Serves what can be known of this process, where `metrics_bind_address` says. */
export class Observation {
  /** Hears of requests. */
  readonly requests = new RequestMeter();
  readonly #mode: 'client' | 'server';
  readonly #problems: ProblemLog;
  readonly #process = new ProcessMeter();
  readonly #server: ObservationServer;
  #observed: Observed | undefined;

  /** Throws a StartError when the port cannot be had. */
  static async start(
    wanted: Address,
    config: Config,
    problems: ProblemLog,
    logger: Logger,
  ): Promise<Observation> {
    const observation = new Observation(config, problems, logger);
    const { address, port } = await blaming('system.metrics_bind_address', formatAddress(wanted), () =>
      observation.#server.listen(wanted),
    );
    const bound = formatAddress({ host: address, port });
    logger.info({ address: bound }, `serving metrics and status at ${bound}`);
    return observation;
  }

  private constructor(config: Config, problems: ProblemLog, logger: Logger) {
    this.#mode = isClient(config) ? 'client' : 'server';
    this.#problems = problems;
    const exposition = new Exposition({
      build: { version: version(), mode: this.#mode },
      end: () => this.#end,
      requests: this.requests,
      process: this.#process,
    });
    const routes = {
      '/metrics': async () => text(exposition.contentType, await exposition.text()),
      '/healthz': () => plain(200, 'ok'),
      '/readyz': () => this.#readiness(),
      '/status': () => text('application/json', `${JSON.stringify(this.#status())}\n`),
    };
    this.#server = new ObservationServer(routes, (error) =>
      logger.warn({ err: error }, 'a request for metrics or status failed'),
    );
  }

  /** From here on there is something to observe. */
  attach(observed: Observed): void {
    this.#observed = observed;
  }

  stop(): void {
    this.#server.close();
    this.#process.stop();
  }

  get #end(): EndReadings | undefined {
    return this.#observed?.running.readings();
  }

  #readiness(): Answer {
    const end = this.#end;
    const reason = end === undefined ? STARTING : end.notReady;
    return reason === undefined ? plain(200, 'ready') : plain(503, reason);
  }

  #status() {
    const end = this.#end;
    return statusDocument({
      version: version(),
      mode: this.#mode,
      state: this.#observed?.state() ?? STARTING,
      notReady: end === undefined ? STARTING : end.notReady,
      end,
      requests: this.requests,
      settings: { ...this.#observed?.config() },
      problems: this.#problems.problems,
    });
  }
}

const text = (contentType: string, body: string): Answer => ({ status: 200, contentType, body });
