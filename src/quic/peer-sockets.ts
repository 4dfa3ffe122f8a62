import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import type { EngineAddress } from './native.ts';
import { formatAddress, numericLookup } from './socket.ts';

interface PeerSocket {
  readonly socket: Socket;
  /** Connections with the same peer address. */
  users: number;
}

/**
 * Sockets on the endpoint's own port, each connected to the address of a peer that has proved who it is: the system gives
 * them what comes from there, and the endpoint's socket the rest. So what one peer sends does not wait behind a thousand
 * datagrams of another one, or of strangers: a turn of the event loop reads some of each, and each loses only its own where the
 * system has no room.
 *
 * They only receive. A peer that comes to another address of this host, or from another one of its own, arrives at the
 * endpoint's socket as before; so does one for which there is no socket to be had.
 */
export class PeerSockets {
  readonly #local: EngineAddress;
  readonly #family: 4 | 6;
  readonly #size: (socket: Socket) => void;
  readonly #onDatagram: (datagram: Buffer, from: RemoteInfo) => void;
  readonly #sockets = new Map<string, PeerSocket>();

  constructor(
    local: EngineAddress,
    family: 4 | 6,
    size: (socket: Socket) => void,
    onDatagram: (datagram: Buffer, from: RemoteInfo) => void,
  ) {
    this.#local = local;
    this.#family = family;
    this.#size = size;
    this.#onDatagram = onDatagram;
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
    this.#sockets.delete(key);
    known.socket.close();
  }

  close(): void {
    for (const { socket } of this.#sockets.values()) socket.close();
    this.#sockets.clear();
  }

  #open(to: EngineAddress): void {
    const key = formatAddress(to);
    const socket = createSocket({ type: `udp${this.#family}`, reuseAddr: true, lookup: numericLookup });
    // No descriptor left, or no right to bind the port again; later on, ICMP's word about datagrams of the endpoint's socket.
    socket.on('error', () => this.#failed(key, socket));
    socket.on('message', this.#onDatagram);
    this.#sockets.set(key, { socket, users: 1 });
    // Both are done within the call, so that hardly a datagram of somebody else comes in between; it is read all the same.
    socket.bind({ address: this.#local.host, port: this.#local.port, exclusive: true }, () => {
      this.#size(socket);
      socket.connect(to.port, to.host);
    });
  }

  #failed(key: string, socket: Socket): void {
    if (this.#sockets.get(key)?.socket !== socket || isBound(socket)) return;
    this.#sockets.delete(key);
    socket.close();
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
