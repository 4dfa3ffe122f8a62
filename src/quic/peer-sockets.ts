import type { Buffer } from 'node:buffer';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { ConnectedSocket } from './connected-socket.ts';
import type { Logger } from './log.ts';
import type { EngineAddress } from './native.ts';
import { formatAddress, numericLookup } from './socket.ts';

/** What the sockets of peers have in common. */
export interface PeerSocketSettings {
  /** Sets the receive buffer. */
  size(socket: Socket): void;
  readonly logger: Logger;
  onDatagram(datagram: Buffer, from: RemoteInfo): void;
  /** Sends through the endpoint's socket what could not be sent through a peer's. */
  send(datagram: Buffer, to: EngineAddress): void;
}

interface PeerSocket {
  readonly socket: Socket;
  readonly connected: ConnectedSocket;
  /** Connections with the same peer address. */
  users: number;
}

/**
 * Sockets on the endpoint's own port, each connected to the address of a peer that has proved who it is: the system gives
 * them what comes from there, and the endpoint's socket the rest. So what one peer sends does not wait behind a thousand
 * datagrams of another one, or of strangers: a turn of the event loop reads some of each, and each loses only its own where the
 * system has no room.
 *
 * A peer that comes to another address of this host, or from another one of its own, arrives at the endpoint's socket as
 * before; so does one for which there is no socket to be had. What goes to a peer leaves through its socket when that can send
 * many datagrams at a time.
 */
export class PeerSockets {
  readonly #local: EngineAddress;
  readonly #family: 4 | 6;
  readonly #settings: PeerSocketSettings;
  readonly #sockets = new Map<string, PeerSocket>();
  /** Whom the last datagram went to. */
  #latest:
    | { readonly host: string; readonly port: number; readonly peer: PeerSocket | undefined }
    | undefined;

  constructor(local: EngineAddress, family: 4 | 6, settings: PeerSocketSettings) {
    this.#local = local;
    this.#family = family;
    this.#settings = settings;
  }

  /** True: it is taken, and the buffer may be used again. False: it is for the endpoint's socket. */
  send(datagram: Buffer, to: EngineAddress): boolean {
    if (this.#latest?.port !== to.port || this.#latest.host !== to.host) {
      this.#latest = { host: to.host, port: to.port, peer: this.#sockets.get(formatAddress(to)) };
    }
    return this.#latest.peer?.connected.send(datagram) ?? false;
  }

  /** One more connection with the peer at `to`. */
  add(to: EngineAddress): void {
    const known = this.#sockets.get(formatAddress(to));
    if (known !== undefined) known.users++;
    else if (this.#sockets.size < MOST) this.#open(to);
  }

  /** One less. */
  remove(to: EngineAddress): void {
    const key = formatAddress(to);
    const known = this.#sockets.get(key);
    if (known === undefined || --known.users > 0) return;
    this.#forget(key, known.connected);
  }

  close(): void {
    for (const [key, { connected }] of this.#sockets) this.#forget(key, connected);
  }

  #forget(key: string, connected: ConnectedSocket): void {
    this.#sockets.delete(key);
    this.#latest = undefined;
    connected.close();
  }

  #open(to: EngineAddress): void {
    const key = formatAddress(to);
    const socket = createSocket({ type: `udp${this.#family}`, reuseAddr: true, lookup: numericLookup });
    // No descriptor left, or no right to bind the port again; later on, ICMP's word about datagrams of the endpoint's socket.
    socket.on('error', () => this.#failed(key, socket));
    const connected = new ConnectedSocket(socket, this.#settings.logger, {
      unsent: (datagrams) => {
        for (const datagram of datagrams) this.#settings.send(datagram, to);
      },
      failed: () => {},
    });
    connected.onDatagram((datagram, from) => this.#settings.onDatagram(datagram, from));
    this.#sockets.set(key, { socket, connected, users: 1 });
    this.#latest = undefined;
    // Both are done within the call, so that hardly a datagram of somebody else comes in between; it is read all the same.
    socket.bind({ address: this.#local.host, port: this.#local.port, exclusive: true }, () => {
      this.#settings.size(socket);
      socket.connect(to.port, to.host);
      connected.connected();
    });
  }

  #failed(key: string, socket: Socket): void {
    const known = this.#sockets.get(key);
    if (known?.socket === socket && !isBound(socket)) this.#forget(key, known.connected);
  }
}

/** Peers that have a socket of their own. */
const MOST = 256;

function isBound(socket: Socket): boolean {
  try {
    socket.remoteAddress();
    return true;
  } catch {
    return false;
  }
}
