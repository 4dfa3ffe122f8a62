import { type Lookup, Resolver } from './addresses.ts';
import type { Attempt, AttemptSettings } from './attempt.ts';
import type { QuicConnection } from './connection.ts';
import { type Logger, warningOnce } from './log.ts';
import { QuicMeter } from './meter.ts';
import { errorText } from './native.ts';
import { engineConfig, type QuicOptions } from './options.ts';
import type { Condition, QuicClose, QuicEvents } from './port.ts';
import { Race } from './race.ts';
import { formatAddress, type SocketOptions } from './socket.ts';

/** What an attempt to connect tells its owner. Exactly one of the first two is called. */
export interface DialEvents {
  /** The handshake is complete at our side. Returns who hears the connection's events. */
  onConnection(connection: QuicConnection, address: string): QuicEvents;
  /** It came to nothing. */
  onFailed(close: QuicClose, address: string): void;
  /** Something that the connection may be replaced for. */
  onCondition(condition: Condition): void;
}

/**
 * The client's end. Each connection has a socket of its own, because our connection ID is empty: nothing but the
 * addresses tells connections apart, and a changed address at our side is followed by the server at once.
 */
export class Dialer {
  readonly #settings: AttemptSettings;
  readonly #resolver: Resolver;
  readonly #races = new Set<Race>();
  /** Attempts that have no address yet. */
  #resolving = 0;
  #started = false;
  #leaving: { readonly errorCode: number; readonly reason: string } | undefined;

  constructor(
    socketOptions: Omit<SocketOptions, 'port'>,
    options: QuicOptions,
    logger: Logger,
    meter: QuicMeter = new QuicMeter(),
    lookup?: Lookup,
  ) {
    this.#settings = {
      socket: { ...socketOptions, port: 0 },
      options,
      config: engineConfig(options, 'client'),
      logger: warningOnce(logger),
      meter,
    };
    this.#resolver = new Resolver(lookup);
  }

  /** Whether no attempt is under way and no connection is left. */
  get isIdle(): boolean {
    return this.#resolving === 0 && this.#races.size === 0;
  }

  /** Starts an attempt to connect to `host` (a name or an IP address). Its outcome comes through `events`. */
  async dial(host: string, port: number, events: DialEvents): Promise<void> {
    const wanted = formatAddress({ host, port });
    this.#resolving++;
    try {
      const found = await this.#resolver.resolve(host);
      const addresses = found.map((address) => ({ host: address, port }));
      const race: Race = new Race(addresses, wanted, this.#settings, {
        onConnection: (connection, address) => events.onConnection(connection, address),
        onFailed: (close, address) => events.onFailed(close, address),
        onCondition: (condition) => events.onCondition(condition),
        onStarted: (attempt) => this.#tell(attempt, wanted),
        onOver: () => this.#races.delete(race),
      });
      this.#races.add(race);
      race.start();
      if (this.#leaving !== undefined) void race.leave(this.#leaving.errorCode, this.#leaving.reason);
    } catch (error) {
      const reason = errorText(error);
      this.#settings.meter.failed('connecting', 'address', reason);
      events.onFailed({ source: 'local', space: 'transport', code: 0, reason }, wanted);
    } finally {
      this.#resolving--;
    }
  }

  /** Every connection asks the peer whether it is still there, and counts as silent until it says so. */
  question(): void {
    for (const race of this.#races) race.question();
  }

  /** Closes every connection, and resolves when the peers were told and the sockets are closed. */
  async close(errorCode: number, reason: string): Promise<void> {
    this.#leaving = { errorCode, reason };
    await Promise.all([...this.#races].map((race) => race.leave(errorCode, reason)));
  }

  #tell(attempt: Attempt, wanted: string): void {
    const local = formatAddress(attempt.local);
    const { logger } = this.#settings;
    if (this.#started) logger.debug({ local, remote: wanted }, 'connecting');
    else logger.info({ local, remote: wanted }, `started endpoint at ${local}`);
    this.#started = true;
  }
}
