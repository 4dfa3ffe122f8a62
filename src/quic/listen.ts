import { randomBytes } from 'node:crypto';
import type { RemoteInfo } from 'node:dgram';
import { QuicConnection } from './connection.ts';
import type { ConnectionHost } from './connection-host.ts';
import { DropLog } from './drop-log.ts';
import type { Logger } from './log.ts';
import { DROPPED, type DropReason, QuicMeter } from './meter.ts';
import { type EngineAddress, type EngineConfig, errorText, quiche } from './native.ts';
import { engineConfig, type QuicOptions } from './options.ts';
import {
  CONNECTION_ID_LENGTH,
  connectionKey,
  isInitial,
  isLongHeader,
  type LongHeader,
  MIN_INITIAL_DATAGRAM,
  parseLongHeader,
  shortHeaderKey,
  VERSION_1,
} from './packet.ts';
import type { Condition, QuicClose, QuicEvents } from './port.ts';
import { formatAddress, openSocket, type SocketOptions, type UdpSocket } from './socket.ts';
import { EndOfTurn } from './turn.ts';

/** Handshakes under way at once, in all and from one address: each holds memory for a peer nobody knows yet. */
const HANDSHAKES = 64;
const HANDSHAKES_PER_ADDRESS = 4;

/** A client's first connection ID for us has at least this many bytes (RFC 9000 §7.2). */
const MIN_INITIAL_CONNECTION_ID = 8;

/** What a server endpoint tells its owner. */
export interface ListenEvents {
  /** A peer proved who it is. Returns who hears the connection's events. */
  onConnection(connection: QuicConnection, address: string): QuicEvents;
  /** A peer did not get that far. */
  onRefused(close: QuicClose, address: string): void;
  /** The connection is to be replaced soon (see {@link Condition}). */
  onWorn(connection: QuicConnection): void;
}

interface Peer {
  readonly address: EngineAddress;
  /** Under which keys datagrams find the connection. */
  readonly keys: readonly string[];
  handshaking: boolean;
}

/** Binds the server's UDP socket and accepts connections on it. Throws a BindError. */
export async function listen(
  socketOptions: SocketOptions,
  options: QuicOptions,
  events: ListenEvents,
  logger: Logger,
  meter: QuicMeter = new QuicMeter(),
): Promise<ServerEndpoint> {
  const config = engineConfig(options, 'server');
  const socket = await openSocket(socketOptions, logger, meter);
  return new ServerEndpoint(socket, config, options, events, logger, meter);
}

/** The server's end: one socket, any number of connections, routed by connection ID. */
export class ServerEndpoint implements ConnectionHost {
  readonly clock = (): number => performance.now();
  readonly meter: QuicMeter;
  readonly #socket: UdpSocket;
  readonly #address: EngineAddress;
  #config: EngineConfig;
  #options: QuicOptions;
  readonly #events: ListenEvents;
  readonly #logger: Logger;
  readonly #drops: DropLog;
  readonly #routes = new Map<string, QuicConnection>();
  readonly #peers = new Map<QuicConnection, Peer>();
  readonly #turn = new EndOfTurn<QuicConnection>((connection) => connection.process());
  #handshakes = 0;
  #whenEmpty: (() => void) | undefined;
  #closed: Promise<void> | undefined;
  #accepting = true;
  leaving = false;

  constructor(
    socket: UdpSocket,
    config: EngineConfig,
    options: QuicOptions,
    events: ListenEvents,
    logger: Logger,
    meter: QuicMeter,
  ) {
    this.#socket = socket;
    this.meter = meter;
    this.#address = socket.address;
    this.#config = config;
    this.#options = options;
    this.#events = events;
    this.#logger = logger;
    this.#drops = new DropLog(logger, this.clock);
    socket.onDatagram((datagram, from) => this.#receive(datagram, from));
    socket.onError((code) => {
      if (code === 'EMSGSIZE') for (const connection of this.#peers.keys()) connection.datagramRefused();
      else logger.warn({ code }, `the UDP socket reports ${code}`);
    });
  }

  /** Where the socket is bound. */
  get address(): EngineAddress {
    return this.#address;
  }

  /** Connections that are not yet released. */
  get connections(): number {
    return this.#peers.size;
  }

  /** New connections go by `options` from now on. Throws when the engine refuses the identity. */
  reconfigure(options: QuicOptions): void {
    this.#config = engineConfig(options, 'server');
    this.#options = options;
  }

  /** Takes no new connections; those that are there go on. */
  stopAccepting(): void {
    this.#accepting = false;
  }

  /** Closes every connection and, once the peers were told, the socket. */
  close(errorCode: number, reason: string): Promise<void> {
    this.#closed ??= this.#close(errorCode, reason);
    return this.#closed;
  }

  async #close(errorCode: number, reason: string): Promise<void> {
    this.#accepting = false;
    this.leaving = true;
    const empty = new Promise<void>((resolve) => {
      this.#whenEmpty = resolve;
    });
    for (const connection of this.#peers.keys()) connection.leave(errorCode, reason);
    if (this.#peers.size > 0) await empty;
    this.#socket.close();
  }

  transmit(datagram: Buffer, to: EngineAddress): void {
    this.#socket.send(datagram, to);
  }

  schedule(connection: QuicConnection): void {
    this.#turn.add(connection);
  }

  established(connection: QuicConnection): QuicEvents {
    const peer = this.#handshakeOver(connection);
    const address = peer === undefined ? '' : formatAddress(peer.address);
    this.meter.established(connection, address);
    return this.#events.onConnection(connection, address);
  }

  failed(connection: QuicConnection, close: QuicClose): void {
    const peer = this.#handshakeOver(connection);
    if (peer !== undefined) this.#events.onRefused(close, formatAddress(peer.address));
  }

  changed(connection: QuicConnection, condition: Condition): void {
    if (condition === 'worn') this.#events.onWorn(connection);
  }

  warn(connection: QuicConnection, message: string): void {
    this.#logger.warn({ connection: connection.id }, message);
  }

  released(connection: QuicConnection): void {
    const peer = this.#handshakeOver(connection);
    for (const key of peer?.keys ?? []) this.#routes.delete(key);
    this.#peers.delete(connection);
    if (this.#peers.size === 0) this.#whenEmpty?.();
  }

  #handshakeOver(connection: QuicConnection): Peer | undefined {
    const peer = this.#peers.get(connection);
    if (peer?.handshaking === true) {
      peer.handshaking = false;
      this.#handshakes--;
    }
    return peer;
  }

  #receive(datagram: Buffer, from: RemoteInfo): void {
    const address = { host: from.address, port: from.port };
    const connection = isLongHeader(datagram)
      ? this.#routeLong(datagram, address)
      : this.#routeShort(datagram, address);
    connection?.receive(datagram, { from: address, to: this.#address });
  }

  #routeShort(datagram: Buffer, from: EngineAddress): QuicConnection | undefined {
    const key = shortHeaderKey(datagram);
    const connection = key === undefined ? undefined : this.#routes.get(key);
    if (connection === undefined) this.#drop('unknown_connection', from);
    return connection;
  }

  #routeLong(datagram: Buffer, from: EngineAddress): QuicConnection | undefined {
    const header = parseLongHeader(datagram);
    if (header === undefined) return this.#drop('not_quic', from);
    const known = this.#routes.get(connectionKey(header.destination));
    if (known !== undefined) return known;
    if (header.version !== VERSION_1) return this.#negotiateVersion(header, datagram.length, from);
    if (!isInitial(datagram)) return this.#drop('unknown_connection', from);
    if (datagram.length < MIN_INITIAL_DATAGRAM || header.destination.length < MIN_INITIAL_CONNECTION_ID) {
      return this.#drop('too_small', from);
    }
    return this.#accept(header, from);
  }

  #accept(header: LongHeader, from: EngineAddress): QuicConnection | undefined {
    if (!this.#accepting) return undefined;
    if (this.#handshakes >= HANDSHAKES) return this.#drop('handshakes', from);
    if (this.#handshakesFrom(from.host) >= HANDSHAKES_PER_ADDRESS) {
      return this.#drop('handshakes_of_address', from);
    }
    const connectionId = randomBytes(CONNECTION_ID_LENGTH);
    const connection = this.#create(connectionId, from);
    if (connection === undefined) return undefined;
    const keys = [connectionKey(connectionId), connectionKey(header.destination)];
    for (const key of keys) this.#routes.set(key, connection);
    this.#peers.set(connection, { address: from, keys, handshaking: true });
    this.#handshakes++;
    return connection;
  }

  #create(connectionId: Buffer, from: EngineAddress): QuicConnection | undefined {
    try {
      const engine = quiche.Connection.accept(connectionId, null, this.#address, from, this.#config);
      return new QuicConnection(engine, 'server', this.#options, this);
    } catch (error) {
      return this.#drop('engine', from, errorText(error));
    }
  }

  #handshakesFrom(host: string): number {
    let count = 0;
    for (const peer of this.#peers.values()) {
      if (peer.handshaking && peer.address.host === host) count++;
    }
    return count;
  }

  /** RFC 9000 §6.1: answered only when the datagram is large enough not to be amplified. */
  #negotiateVersion(header: LongHeader, length: number, from: EngineAddress): undefined {
    if (header.version === 0 || length < MIN_INITIAL_DATAGRAM) return this.#drop('not_quic', from);
    const answer = Buffer.alloc(MIN_INITIAL_DATAGRAM);
    const size = quiche.negotiateVersion(header.source, header.destination, answer);
    this.#socket.send(answer.subarray(0, size), from);
    this.#logger.debug(
      { version: header.version, from: formatAddress(from) },
      'offered QUIC version 1 instead',
    );
    return undefined;
  }

  #drop(reason: DropReason, from: EngineAddress, detail = ''): undefined {
    this.meter.drops[reason]++;
    const text = detail === '' ? DROPPED[reason] : `${DROPPED[reason]}: ${detail}`;
    this.#drops.dropped(text, formatAddress(from));
    return undefined;
  }
}
