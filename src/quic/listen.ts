import type { Buffer } from 'node:buffer';
import type { RemoteInfo } from 'node:dgram';
import { performance } from 'node:perf_hooks';
import process from 'node:process';
import { type Cancellations, CancellationsByPeer } from './cancellations.ts';
import { QuicConnection } from './connection.ts';
import type { ConnectionHost } from './connection-host.ts';
import { type Admission, Gate } from './gate.ts';
import type { Logger } from './log.ts';
import { type DropReason, QuicMeter } from './meter.ts';
import { type EngineAddress, type EngineConfig, type EngineRecvInfo, errorText, quiche } from './native.ts';
import { engineConfig, type QuicOptions } from './options.ts';
import { connectionKey, isLongHeader, type LongHeader, parseLongHeader, shortHeaderKey } from './packet.ts';
import { PeerSockets } from './peer-sockets.ts';
import type { QuicClose, QuicEvents } from './port.ts';
import { formatAddress, openSocket, type SocketOptions, type UdpSocket } from './socket.ts';
import { StatelessResets } from './stateless-reset.ts';
import { Strangers } from './strangers.ts';
import { EndOfTurn } from './turn.ts';
import { TurnLength } from './turn-length.ts';

/** Time of the processor that it takes to make a connection, and to throw it away, milliseconds. */
const CREATION_TIME = 0.5;

/** For how long several connections are taken to have something to do, once they had, milliseconds. */
const SHARED = 100;

/** What a server endpoint tells its owner. */
export interface ListenEvents {
  /** A peer proved who it is. Returns who hears the connection's events. */
  onConnection(connection: QuicConnection, address: string): QuicEvents;
  /** A peer did not get that far. */
  onRefused(close: QuicClose, address: string): void;
}

interface Peer {
  readonly address: EngineAddress;
  /** Under which keys datagrams find the connection. */
  readonly keys: readonly string[];
  /** Whether it was given a socket of its own. */
  separate: boolean;
  /** How it got in, until its handshake is over. */
  admission: Admission | undefined;
  /** Time of the processor that its handshake took, milliseconds. */
  handshakeTime: number;
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
  const socket = await openSocket({ ...socketOptions, shared: true }, logger, meter);
  return new ServerEndpoint(socket, config, options, events, logger, meter);
}

/** The server's end: one port, any number of connections, routed by connection ID. */
export class ServerEndpoint implements ConnectionHost {
  readonly clock = (): number => performance.now();
  readonly meter: QuicMeter;
  readonly #socket: UdpSocket;
  readonly #address: EngineAddress;
  #config: EngineConfig;
  #options: QuicOptions;
  readonly #events: ListenEvents;
  readonly #logger: Logger;
  readonly #gate: Gate;
  readonly #resets: StatelessResets;
  readonly #strangers: Strangers;
  readonly #peerSockets: PeerSockets;
  readonly #routes = new Map<string, QuicConnection>();
  readonly #peers = new Map<QuicConnection, Peer>();
  readonly #cancellations = new CancellationsByPeer();
  readonly #turn = new EndOfTurn<QuicConnection>((connection) => connection.process());
  /** The connection that had something to do last, and when it was another one before. */
  #latest: QuicConnection | undefined;
  #sharedAt = Number.NEGATIVE_INFINITY;
  readonly #turnLength = new TurnLength();
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
    this.#gate = new Gate(options.allowFrom);
    this.#resets = new StatelessResets(options.identity.key, socket.address.port);
    const transmit = (datagram: Buffer, to: EngineAddress): boolean => socket.send(datagram, to);
    this.#strangers = new Strangers(this.#gate, this.#resets, meter, logger, this.clock, transmit);
    const receive = (datagram: Buffer, from: RemoteInfo): void => this.#receive(datagram, from);
    this.#peerSockets = new PeerSockets(socket.address, socket.family, {
      size: socket.sizeLike,
      logger,
      onDatagram: receive,
      send: transmit,
    });
    socket.onDatagram(receive);
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
    this.#gate.reconfigure(options.allowFrom);
  }

  /** Refuses new connections; those that are there go on. */
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
    this.#peerSockets.close();
    this.#socket.close();
  }

  transmit(datagram: Buffer, to: EngineAddress): boolean {
    return this.#peerSockets.send(datagram, to) || this.#socket.send(datagram, to);
  }

  schedule(connection: QuicConnection): void {
    if (connection !== this.#latest) {
      this.#latest = connection;
      this.#sharedAt = this.clock();
    }
    this.#turnLength.watch();
    this.#turn.add(connection);
  }

  get mostDelivery(): number | undefined {
    return this.clock() - this.#sharedAt < SHARED ? this.#turnLength.most : undefined;
  }

  cancellations(connection: QuicConnection): Cancellations {
    // Where peers need no certificate, as in tests, all are one.
    const fingerprint = connection.peerCertificate?.fingerprint ?? '';
    return this.#cancellations.of(fingerprint, this.clock());
  }

  established(connection: QuicConnection): QuicEvents {
    const peer = this.#handshakeOver(connection, true);
    const address = peer === undefined ? '' : formatAddress(peer.address);
    if (peer !== undefined) this.#separate(peer);
    this.meter.established(connection, address);
    return this.#events.onConnection(connection, address);
  }

  failed(connection: QuicConnection, close: QuicClose): void {
    const peer = this.#handshakeOver(connection, false);
    if (peer !== undefined) this.#events.onRefused(close, formatAddress(peer.address));
  }

  // A server has nothing to replace a connection with: it is for the client to come again.
  changed(): void {}

  warn(connection: QuicConnection, message: string): void {
    this.#logger.warn({ connection: connection.id }, message);
  }

  blamed(connection: QuicConnection, cost: number): void {
    const peer = this.#peers.get(connection);
    if (peer !== undefined) this.#gate.blamed(peer.address, cost, this.clock());
  }

  refused(reason: DropReason, from: EngineAddress): void {
    this.#strangers.drop(reason, from);
  }

  released(connection: QuicConnection): void {
    const peer = this.#handshakeOver(connection, false);
    const now = this.clock();
    if (peer?.separate === true) this.#peerSockets.remove(peer.address);
    for (const key of peer?.keys ?? []) {
      this.#routes.delete(key);
      this.#strangers.closed(key, now);
    }
    this.#peers.delete(connection);
    if (this.#peers.size === 0) this.#whenEmpty?.();
  }

  #separate(peer: Peer): void {
    peer.separate = true;
    this.#peerSockets.add(peer.address);
  }

  #handshakeOver(connection: QuicConnection, succeeded: boolean): Peer | undefined {
    const peer = this.#peers.get(connection);
    if (peer?.admission !== undefined) {
      this.#gate.handshakeOver(peer.admission, succeeded, peer.handshakeTime, this.clock());
      peer.admission = undefined;
    }
    return peer;
  }

  #receive(datagram: Buffer, { address: host, port }: RemoteInfo): void {
    const from = { host, port };
    const connection = isLongHeader(datagram)
      ? this.#routeLong(datagram, from)
      : this.#routeShort(datagram, from);
    if (connection === undefined) return;
    const info = { from, to: this.#address };
    if (connection.established) connection.receive(datagram, info);
    else this.#receiveTimed(connection, datagram, info);
  }

  /** What reading certificates costs is found out only by reading them. */
  #receiveTimed(connection: QuicConnection, datagram: Buffer, info: EngineRecvInfo): void {
    const before = process.cpuUsage();
    connection.receive(datagram, info);
    const { user, system } = process.cpuUsage(before);
    const peer = this.#peers.get(connection);
    if (peer !== undefined) peer.handshakeTime += (user + system) / 1000;
  }

  #routeShort(datagram: Buffer, from: EngineAddress): QuicConnection | undefined {
    const key = shortHeaderKey(datagram);
    const connection = key === undefined ? undefined : this.#routes.get(key);
    if (connection === undefined) this.#strangers.short(datagram, key, from, this.clock());
    return connection;
  }

  #routeLong(datagram: Buffer, from: EngineAddress): QuicConnection | undefined {
    const header = parseLongHeader(datagram);
    if (header === undefined) return this.#strangers.drop('not_quic', from);
    const known = this.#routes.get(connectionKey(header.destination));
    if (known !== undefined) return known;
    if (!this.#accepting) return this.#strangers.refuse(datagram, header, from, this.clock());
    const admission = this.#strangers.long(datagram, header, from, this.clock());
    return admission === undefined ? undefined : this.#accept(admission, header, from);
  }

  #accept(admission: Admission, header: LongHeader, from: EngineAddress): QuicConnection | undefined {
    const connection = this.#create(admission, from);
    if (connection === undefined) return undefined;
    const keys = [connectionKey(admission.connectionId), connectionKey(header.destination)];
    for (const key of keys) this.#routes.set(key, connection);
    this.#peers.set(connection, {
      address: from,
      keys,
      admission,
      separate: false,
      handshakeTime: CREATION_TIME,
    });
    return connection;
  }

  #create(admission: Admission, from: EngineAddress): QuicConnection | undefined {
    const { connectionId, originalId, handshakeBytes } = admission;
    try {
      this.#resets.announce(this.#config, connectionId, originalId !== null);
      const engine = quiche.Connection.accept(connectionId, originalId, this.#address, from, this.#config);
      return new QuicConnection(engine, 'server', this.#options, this, handshakeBytes);
    } catch (error) {
      this.#gate.handshakeOver(admission, false, 0, this.clock());
      return this.#strangers.drop('engine', from, errorText(error));
    }
  }
}
