import { Attempt, type AttemptSettings } from './attempt.ts';
import type { QuicConnection } from './connection.ts';
import { type EngineAddress, errorText } from './native.ts';
import type { Condition, QuicClose, QuicEvents } from './port.ts';
import { formatAddress } from './socket.ts';

/** What a race tells its owner. Exactly one of the first two is called. */
export interface RaceEvents {
  /** The first handshake is complete. Returns who hears the connection's events. */
  onConnection(connection: QuicConnection, address: string): QuicEvents;
  /** All came to nothing. */
  onFailed(close: QuicClose, address: string): void;
  onCondition(condition: Condition): void;
  /** An attempt has its socket. */
  onStarted(attempt: Attempt): void;
  /** Nothing of the race is left. */
  onOver(): void;
}

/** From one attempt to the next, while nothing has failed, milliseconds (RFC 8305 §5). */
const STAGGER = 250;

interface Failure {
  readonly address: EngineAddress;
  readonly close: QuicClose;
}

/**
 * Attempts to connect to the addresses of a peer, one after the other at short intervals (RFC 8305). The first that
 * completes wins; the others are withdrawn.
 */
export class Race {
  readonly #addresses: EngineAddress[];
  readonly #wanted: string;
  readonly #settings: AttemptSettings;
  readonly #events: RaceEvents;
  readonly #attempts = new Set<Attempt>();
  readonly #failures: Failure[] = [];
  /** Attempts that have no socket yet. */
  #starting = 0;
  /** Attempts whose outcome is open. */
  #undecided = 0;
  #winner: Attempt | undefined;
  #timer: NodeJS.Timeout | undefined;
  #leaving: { readonly errorCode: number; readonly reason: string } | undefined;

  /** `wanted` is what the addresses were found for, in words. */
  constructor(
    addresses: readonly EngineAddress[],
    wanted: string,
    settings: AttemptSettings,
    events: RaceEvents,
  ) {
    this.#addresses = [...addresses];
    this.#wanted = wanted;
    this.#settings = settings;
    this.#events = events;
  }

  start(): void {
    this.#startNext();
  }

  /** See {@link Attempt.question}. */
  question(): void {
    this.#winner?.question();
  }

  /** Closes all connections now, without waiting for stray packets. */
  async leave(errorCode: number, reason: string): Promise<void> {
    this.#leaving = { errorCode, reason };
    this.#startNoMore();
    await Promise.all([...this.#attempts].map((attempt) => attempt.leave(errorCode, reason)));
  }

  #startNext(): void {
    clearTimeout(this.#timer);
    const address = this.#addresses.shift();
    if (address === undefined) return;
    void this.#run(address);
    if (this.#addresses.length > 0) this.#timer = setTimeout(() => this.#startNext(), STAGGER);
  }

  async #run(address: EngineAddress): Promise<void> {
    this.#starting++;
    this.#undecided++;
    try {
      const attempt = await Attempt.start(address, this.#settings, {
        onConnection: (attempt, connection) => this.#won(attempt, connection, address),
        onFailed: (close) => this.#failed(address, close),
        onCondition: (condition) => this.#events.onCondition(condition),
        onReleased: (attempt) => this.#released(attempt),
      });
      this.#starting--;
      this.#started(attempt);
    } catch (error) {
      this.#starting--;
      const reason = errorText(error);
      this.#settings.meter.failed('connecting', 'address', reason);
      this.#failed(address, { source: 'local', space: 'transport', code: 0, reason });
      this.#endIfOver();
    }
  }

  #started(attempt: Attempt): void {
    this.#attempts.add(attempt);
    this.#events.onStarted(attempt);
    if (this.#leaving !== undefined) void attempt.leave(this.#leaving.errorCode, this.#leaving.reason);
    else if (this.#winner !== undefined) attempt.withdraw();
  }

  #won(winner: Attempt, connection: QuicConnection, address: EngineAddress): QuicEvents {
    this.#winner = winner;
    this.#startNoMore();
    for (const attempt of this.#attempts) if (attempt !== winner) attempt.withdraw();
    const name = formatAddress(address);
    this.#settings.meter.established(connection, name);
    return this.#events.onConnection(connection, name);
  }

  #failed(address: EngineAddress, close: QuicClose): void {
    this.#undecided--;
    if (this.#winner !== undefined) return;
    this.#failures.push({ address, close });
    if (this.#addresses.length > 0) this.#startNext();
    else if (this.#undecided === 0) this.#tell();
  }

  /** What happened at each address. The code is that of a peer that answered, if one did. */
  #tell(): void {
    const [first, ...others] = this.#failures;
    if (first === undefined) return;
    if (others.length === 0) {
      this.#events.onFailed(first.close, formatAddress(first.address));
      return;
    }
    const { close } = this.#failures.find((failure) => failure.close.source === 'remote') ?? first;
    const each = this.#failures.map(({ address, close }) => `${formatAddress(address)}: ${close.reason}`);
    const reason = `no address of it leads to the peer: ${each.sort().join('; ')}`;
    this.#events.onFailed({ ...close, reason }, this.#wanted);
  }

  #startNoMore(): void {
    clearTimeout(this.#timer);
    this.#addresses.length = 0;
  }

  #released(attempt: Attempt): void {
    this.#attempts.delete(attempt);
    this.#endIfOver();
  }

  #endIfOver(): void {
    if (this.#addresses.length + this.#starting + this.#attempts.size === 0) this.#events.onOver();
  }
}
