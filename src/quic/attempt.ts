import { Buffer } from 'node:buffer';
import { isIP } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Cancellations } from './cancellations.ts';
import { NO_ANSWER } from './cause.ts';
import { QuicConnection } from './connection.ts';
import type { ConnectionHost } from './connection-host.ts';
import type { Logger } from './log.ts';
import type { DropReason, QuicMeter } from './meter.ts';
import { type EngineAddress, type EngineConfig, quiche } from './native.ts';
import { describeNetworkError, isLocalFault } from './network-errors.ts';
import type { QuicOptions } from './options.ts';
import type { Condition, QuicClose, QuicEvents } from './port.ts';
import { openSocket, type SocketOptions, type UdpSocket } from './socket.ts';
import { EndOfTurn } from './turn.ts';

/** What an attempt tells its owner. Exactly one of the first two is called, unless it is withdrawn. */
export interface AttemptEvents {
  /** The handshake is complete at our side. Returns who hears the connection's events. */
  onConnection(attempt: Attempt, connection: QuicConnection): QuicEvents;
  onFailed(close: QuicClose): void;
  onCondition(condition: Condition): void;
  /** The socket is closed. */
  onReleased(attempt: Attempt): void;
}

/** What all attempts of a dialer share. */
export interface AttemptSettings {
  readonly socket: SocketOptions;
  readonly options: QuicOptions;
  readonly config: EngineConfig;
  readonly logger: Logger;
  readonly meter: QuicMeter;
}

/** Refused by ICMP that many times in a row: nothing listens there, and there is no point in waiting. */
const REFUSALS = 2;

/** One address, one socket, and the connection on it. */
export class Attempt implements ConnectionHost {
  readonly mostDelivery = undefined;
  readonly clock = (): number => performance.now();
  readonly meter: QuicMeter;
  leaving = false;
  readonly #closed: Promise<void>;
  readonly #socket: UdpSocket;
  readonly #remote: EngineAddress;
  readonly #settings: AttemptSettings;
  readonly #events: AttemptEvents;
  readonly #turn = new EndOfTurn<QuicConnection>((connection) => connection.process());
  readonly #connection: QuicConnection;
  #resolveClosed: () => void = () => {};
  #refusals = 0;

  /** Rejects when there is no socket to be had, or no way to the address. */
  static async start(to: EngineAddress, settings: AttemptSettings, events: AttemptEvents): Promise<Attempt> {
    const socket = await openSocket(settings.socket, settings.logger, settings.meter);
    try {
      const remote = reachable(to, socket, settings.socket.bindAddress);
      await socket.connect(remote);
      return new Attempt(socket, remote, settings, events);
    } catch (error) {
      socket.close();
      throw error;
    }
  }

  private constructor(
    socket: UdpSocket,
    remote: EngineAddress,
    settings: AttemptSettings,
    events: AttemptEvents,
  ) {
    this.#socket = socket;
    this.#remote = remote;
    this.#settings = settings;
    this.meter = settings.meter;
    this.#events = events;
    this.#closed = new Promise((resolve) => {
      this.#resolveClosed = resolve;
    });
    const local = socket.address;
    const { options, config } = settings;
    // An IP address is no server name (RFC 6066 §3); the certificate is compared with it after the handshake.
    const serverName = isIP(options.peerName) === 0 ? options.peerName : null;
    const engine = quiche.Connection.connect(serverName, Buffer.alloc(0), local, remote, config);
    this.#connection = new QuicConnection(engine, 'client', options, this);
    const info = { from: remote, to: local };
    socket.onDatagram((datagram) => this.#connection.receive(datagram, info));
    socket.onError((code) => this.#networkError(code));
    this.schedule(this.#connection);
  }

  get local(): EngineAddress {
    return this.#socket.address;
  }

  /** A server opens no streams that it could cancel. */
  cancellations(): Cancellations {
    return new Cancellations(this.clock());
  }

  /** Closes the connection now, without waiting for stray packets. */
  leave(errorCode: number, reason: string): Promise<void> {
    this.leaving = true;
    this.#connection.leave(errorCode, reason);
    return this.#closed;
  }

  /** Another attempt was faster. */
  withdraw(): void {
    this.leaving = true;
    this.#connection.withdraw('another address answered first');
  }

  /** Asks the peer whether it is still there; until it says so, the connection counts as silent. */
  question(): void {
    this.#connection.question(0);
  }

  transmit(datagram: Buffer, to: EngineAddress): boolean {
    return this.#socket.send(datagram, to);
  }

  schedule(connection: QuicConnection): void {
    this.#turn.add(connection);
  }

  established(connection: QuicConnection): QuicEvents {
    return this.#events.onConnection(this, connection);
  }

  failed(_connection: QuicConnection, close: QuicClose): void {
    this.#events.onFailed(close.reason === NO_ANSWER ? this.#unanswered(close) : close);
  }

  changed(_connection: QuicConnection, condition: Condition): void {
    this.#events.onCondition(condition);
  }

  warn(connection: QuicConnection, message: string): void {
    this.#settings.logger.warn({ connection: connection.id }, message);
  }

  // A client has one server, and no other to go to.
  blamed(): void {}

  refused(reason: DropReason): void {
    this.meter.drops[reason]++;
  }

  released(): void {
    this.#socket.close();
    this.#events.onReleased(this);
    this.#resolveClosed();
  }

  /** ICMP can be forged: a connection that is there is asked whether it still is (RFC 9000 §14.2.1). */
  #networkError(code: string): void {
    if (code === 'EMSGSIZE') this.#connection.datagramRefused();
    else if (this.#connection.established) this.#doubt(code);
    else if (isLocalFault(code) || ++this.#refusals >= REFUSALS) {
      this.#connection.giveUp(describeNetworkError(code, this.#remote.port));
    }
  }

  #doubt(code: string): void {
    const { id } = this.#connection;
    this.#settings.logger.debug({ connection: id, code }, `connection ${id}: ${code} came back`);
    // There is nothing to wait for where this host itself says that it has no way.
    this.#connection.question(isLocalFault(code) ? 0 : undefined);
  }

  /** What to look at when nothing ever came back. */
  #unanswered(close: QuicClose): QuicClose {
    const { port } = this.#remote;
    const icmp = this.#refusals > 0 ? 'an ICMP error came back once' : 'no ICMP error came back either';
    const look = `is the server running, is ${port} its UDP port, do firewalls let UDP through`;
    return { ...close, reason: `${NO_ANSWER}, and ${icmp}: ${look}?` };
  }
}

/** The address as the socket takes it. */
function reachable(to: EngineAddress, socket: UdpSocket, bindAddress: string): EngineAddress {
  const { host, port } = to;
  if (isIP(host) === socket.family) return to;
  if (socket.dualStack) return { host: `::ffff:${host}`, port };
  const whose = bindAddress === '::' ? 'this host has' : `bind_address (${bindAddress}) allows`;
  throw new Error(`${whose} no IPv${isIP(host)}`);
}
