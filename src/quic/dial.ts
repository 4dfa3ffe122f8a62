import { lookup } from 'node:dns/promises';
import { isIP, isIPv4 } from 'node:net';
import { type ConnectionHost, QuicConnection } from './connection.ts';
import type { Logger } from './log.ts';
import { QuicMeter } from './meter.ts';
import { type EngineAddress, type EngineConfig, errorText, quiche } from './native.ts';
import { engineConfig, type QuicOptions } from './options.ts';
import type { QuicClose, QuicEvents } from './port.ts';
import { formatAddress, openSocket, type SocketOptions, type UdpSocket } from './socket.ts';
import { EndOfTurn } from './turn.ts';

/** What an attempt to connect tells its owner. Exactly one of the two is called. */
export interface DialEvents {
  /** The handshake is complete at our side. Returns who hears the connection's events. */
  onConnection(connection: QuicConnection, address: string): QuicEvents;
  /** It came to nothing. */
  onFailed(close: QuicClose, address: string): void;
}

/** Refused by ICMP that many times in a row: nothing listens there, and there is no point in waiting. */
const REFUSALS = 2;

/**
 * The client's end. Each attempt has a socket of its own, because our connection ID is empty: nothing but the
 * addresses tells connections apart, and a changed address at our side is followed by the server at once.
 */
export class Dialer {
  readonly #socketOptions: SocketOptions;
  readonly #shared: Shared;
  readonly #logger: Logger;
  readonly #attempts = new Set<Attempt>();
  #count = 0;
  /** Attempts that have no socket yet. */
  #dialling = 0;
  #leaving: { readonly errorCode: number; readonly reason: string } | undefined;

  constructor(
    socketOptions: Omit<SocketOptions, 'port'>,
    options: QuicOptions,
    logger: Logger,
    meter: QuicMeter = new QuicMeter(),
  ) {
    this.#socketOptions = { ...socketOptions, port: 0 };
    this.#shared = {
      options,
      config: engineConfig(options, 'client'),
      logger,
      meter,
      onReleased: (attempt) => this.#attempts.delete(attempt),
    };
    this.#logger = logger;
  }

  /** Whether no attempt is under way and no connection is left. */
  get isIdle(): boolean {
    return this.#dialling === 0 && this.#attempts.size === 0;
  }

  /** Starts an attempt to connect to `host` (a name or an IP address). Its outcome comes through `events`. */
  async dial(host: string, port: number, events: DialEvents): Promise<void> {
    const nth = this.#count++;
    const wanted = formatAddress({ host, port });
    this.#dialling++;
    try {
      const socket = await openSocket(this.#socketOptions, this.#logger, this.#shared.meter);
      const address = await this.#resolve(socket, host, nth).catch((error) => {
        socket.close();
        throw error;
      });
      const attempt = await Attempt.start(socket, { host: address, port }, this.#shared, events);
      this.#attempts.add(attempt);
      if (this.#leaving !== undefined) void attempt.leave(this.#leaving.errorCode, this.#leaving.reason);
      const local = formatAddress(socket.address);
      const details = { local, remote: formatAddress({ host: address, port }) };
      if (nth === 0) this.#logger.info(details, `started endpoint at ${local}`);
      else this.#logger.debug(details, 'connecting');
    } catch (error) {
      const reason = errorText(error);
      this.#shared.meter.failed('connecting', 'address', reason);
      events.onFailed({ source: 'local', space: 'transport', code: 0, reason }, wanted);
    } finally {
      this.#dialling--;
    }
  }

  /** Closes every connection, and resolves when the peers were told and the sockets are closed. */
  async close(errorCode: number, reason: string): Promise<void> {
    this.#leaving = { errorCode, reason };
    await Promise.all([...this.#attempts].map((attempt) => attempt.leave(errorCode, reason)));
  }

  /** An address of `host` that the socket can reach, another one at each attempt when there are several. */
  async #resolve(socket: UdpSocket, host: string, nth: number): Promise<string> {
    const found =
      isIP(host) === 0 ? (await lookup(host, { all: true })).map(({ address }) => address) : [host];
    const reachable = found.filter((address) => socket.dualStack || isIP(address) === socket.family);
    const address = reachable[nth % Math.max(1, reachable.length)];
    if (address === undefined) {
      throw new Error(`${host} has no IPv${socket.family} address, and bind_address allows no other`);
    }
    return socket.family === 6 && isIPv4(address) ? `::ffff:${address}` : address;
  }
}

/** What all attempts of a dialer share. */
interface Shared {
  readonly options: QuicOptions;
  readonly config: EngineConfig;
  readonly logger: Logger;
  readonly meter: QuicMeter;
  readonly onReleased: (attempt: Attempt) => void;
}

/** One socket and the connection on it. */
class Attempt implements ConnectionHost {
  readonly clock = (): number => performance.now();
  readonly meter: QuicMeter;
  leaving = false;
  readonly #closed: Promise<void>;
  readonly #socket: UdpSocket;
  readonly #remote: EngineAddress;
  readonly #events: DialEvents;
  readonly #turn = new EndOfTurn<QuicConnection>((connection) => connection.process());
  readonly #shared: Shared;
  readonly #connection: QuicConnection;
  #resolveClosed: () => void = () => {};
  #refusals = 0;

  static async start(
    socket: UdpSocket,
    remote: EngineAddress,
    shared: Shared,
    events: DialEvents,
  ): Promise<Attempt> {
    try {
      await socket.connect(remote);
      return new Attempt(socket, remote, shared, events);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(socket: UdpSocket, remote: EngineAddress, shared: Shared, events: DialEvents) {
    this.#socket = socket;
    this.#remote = remote;
    this.#events = events;
    this.#shared = shared;
    this.meter = shared.meter;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const local = socket.address;
    const { options, config } = shared;
    // An IP address is no server name (RFC 6066 §3); the certificate is compared with it after the handshake.
    const serverName = isIP(options.peerName) === 0 ? options.peerName : null;
    const engine = quiche.Connection.connect(serverName, Buffer.alloc(0), local, remote, config);
    this.#connection = new QuicConnection(engine, 'client', options, this);
    const info = { from: remote, to: local };
    socket.onDatagram((datagram) => this.#connection.receive(datagram, info));
    socket.onError((code) => this.#networkError(code));
    this.schedule(this.#connection);
  }

  /** Closes the connection now, without waiting for stray packets. */
  leave(errorCode: number, reason: string): Promise<void> {
    this.leaving = true;
    this.#connection.leave(errorCode, reason);
    return this.#closed;
  }

  transmit(datagram: Buffer, to: EngineAddress): void {
    this.#socket.send(datagram, to);
  }

  schedule(connection: QuicConnection): void {
    this.#turn.add(connection);
  }

  established(connection: QuicConnection): QuicEvents {
    const name = this.#name();
    this.meter.established(connection, name);
    return this.#events.onConnection(connection, name);
  }

  failed(_connection: QuicConnection, close: QuicClose): void {
    this.#events.onFailed(close, this.#name());
  }

  warn(connection: QuicConnection, message: string): void {
    this.#shared.logger.warn({ connection: connection.id }, message);
  }

  released(): void {
    this.#socket.close();
    this.#shared.onReleased(this);
    this.#resolveClosed();
  }

  #name(): string {
    return formatAddress(this.#remote);
  }

  /** ICMP can be forged, so that it counts only for what has not been established (RFC 9000 §14.2.1). */
  #networkError(code: string): void {
    if (code === 'EMSGSIZE') {
      this.#connection.datagramRefused();
      return;
    }
    if (this.#connection.established || ++this.#refusals < REFUSALS) return;
    const { port } = this.#remote;
    const reason = code === 'ECONNREFUSED' ? `nothing listens on UDP port ${port} there (${code})` : code;
    this.#connection.giveUp(reason);
  }
}
