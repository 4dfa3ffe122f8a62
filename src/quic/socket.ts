import type { Buffer } from 'node:buffer';
import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { isIPv6 } from 'node:net';
import process from 'node:process';
import { ConnectedSocket } from './connected-socket.ts';
import type { Logger } from './log.ts';
import { QuicMeter } from './meter.ts';
import type { EngineAddress } from './native.ts';
import { isPassing } from './network-errors.ts';

export interface SocketOptions {
  /** IP address to bind; `::` takes both families. */
  readonly bindAddress: string;
  /** 0: any free port. */
  readonly port: number;
  /** SO_RCVBUF, bytes; undefined: as much of 4 MiB as the system grants. */
  readonly receiveBufferSize: number | undefined;
  /** SO_SNDBUF, bytes; undefined leaves the system's. */
  readonly sendBufferSize: number | undefined;
  /** Whether other sockets of this process shall be bound to the same port. */
  readonly shared?: boolean;
}

/**
 * Receive buffer where the user names none, bytes: the largest window several times over. The system's own holds a hundred
 * datagrams; on a fast link more than that arrive while this process is busy for a millisecond or two, and are lost.
 */
const RECEIVE_BUFFER = 4 * 2 ** 20;

/** The UDP socket could not be bound. `code` is the system's (EADDRINUSE, EACCES, EADDRNOTAVAIL, …). */
export class BindError extends Error {
  override readonly name = 'BindError';
  readonly code: string;

  constructor(code: string, message: string) {
    super(message);
    this.code = code;
  }
}

/** Addresses are numeric by the time they get here; looking them up again would cost a turn of the event loop. */
export function numericLookup(
  address: string,
  _options: unknown,
  callback: (error: Error | null, address: string, family: number) => void,
): void {
  callback(null, address, address.includes(':') ? 6 : 4);
}

/** Binds a UDP socket. Where the host has no IPv6, `::` becomes `0.0.0.0`, with a warning. */
export async function openSocket(
  options: SocketOptions,
  logger: Logger,
  meter: QuicMeter = new QuicMeter(),
): Promise<UdpSocket> {
  try {
    return new UdpSocket(await bind(options), options, logger, meter);
  } catch (error) {
    if (options.bindAddress !== '::' || !hasNoIpv6(error)) throw bindError(error, options);
  }
  logger.warn({}, 'this host has no IPv6: binding 0.0.0.0 instead of ::');
  const fallback = { ...options, bindAddress: '0.0.0.0' };
  try {
    return new UdpSocket(await bind(fallback), fallback, logger, meter);
  } catch (error) {
    throw bindError(error, fallback);
  }
}

async function bind(options: SocketOptions): Promise<Socket> {
  if (!options.shared) return bindOnce(options);
  // A port that is shared could be taken from another process that shares it: only one that nobody has is taken.
  const probe = await bindOnce({ ...options, shared: false });
  const { port } = probe.address();
  probe.close();
  return bindOnce({ ...options, port });
}

function bindOnce(options: SocketOptions): Promise<Socket> {
  const type = isIPv6(options.bindAddress) ? 'udp6' : 'udp4';
  const socket = createSocket({ type, lookup: numericLookup, reuseAddr: options.shared === true });
  return new Promise((resolve, reject) => {
    socket.once('error', (error) => {
      socket.close();
      reject(error);
    });
    socket.bind({ address: options.bindAddress, port: options.port, exclusive: true }, () => {
      socket.removeAllListeners('error');
      resolve(socket);
    });
  });
}

function errorCode(error: unknown): string {
  return error instanceof Error && 'code' in error ? String(error.code) : 'UNKNOWN';
}

function hasNoIpv6(error: unknown): boolean {
  return ['EAFNOSUPPORT', 'EADDRNOTAVAIL', 'EINVAL'].includes(errorCode(error));
}

function bindError(error: unknown, { bindAddress, port }: SocketOptions): BindError {
  const code = errorCode(error);
  return new BindError(
    code,
    `cannot bind UDP ${formatAddress({ host: bindAddress, port })}: ${MEANING[code] ?? code}`,
  );
}

const MEANING: Readonly<Record<string, string>> = {
  EADDRINUSE: 'the port is in use (EADDRINUSE)',
  EADDRNOTAVAIL: 'the address is not one of this host (EADDRNOTAVAIL)',
  EACCES: 'ports below 1024 need privileges (EACCES)',
  EMFILE: 'this process has no file descriptors left (EMFILE)',
};

/** `1.2.3.4:80` or `[::1]:80`. */
export function formatAddress({ host, port }: EngineAddress): string {
  return isIPv6(host) ? `[${host}]:${port}` : `${host}:${port}`;
}

/** Sets SO_RCVBUF as {@link SocketOptions} has it. A system that refuses our own choice leaves what there was. */
function sizeReceiveBuffer(socket: Socket, size: number | undefined): void {
  if (size !== undefined) {
    socket.setRecvBufferSize(size);
    return;
  }
  try {
    socket.setRecvBufferSize(RECEIVE_BUFFER);
  } catch {}
}

/** A bound UDP socket. */
export class UdpSocket {
  readonly #socket: Socket;
  readonly #logger: Logger;
  readonly #meter: QuicMeter;
  readonly family: 4 | 6;
  /** False when only one family can be reached through it. */
  readonly dualStack: boolean;
  readonly #receiveBufferSize: number | undefined;
  #connected: ConnectedSocket | undefined;
  #reported = '';
  #onError: (code: string) => void = () => {};

  constructor(socket: Socket, options: SocketOptions, logger: Logger, meter: QuicMeter) {
    this.#socket = socket;
    this.#logger = logger;
    this.#meter = meter;
    this.family = isIPv6(options.bindAddress) ? 6 : 4;
    this.dualStack = options.bindAddress === '::';
    this.#receiveBufferSize = options.receiveBufferSize;
    this.#sizeBuffers(options);
  }

  get address(): EngineAddress {
    const { address, port } = this.#socket.address();
    return { host: address, port };
  }

  /** Gives another socket the receive buffer that this one was asked to have. */
  readonly sizeLike = (other: Socket): void => sizeReceiveBuffer(other, this.#receiveBufferSize);

  /** As the system reports it, bytes. */
  get receiveBufferSize(): number {
    return this.#socket.getRecvBufferSize();
  }

  onDatagram(listener: (datagram: Buffer, from: RemoteInfo) => void): void {
    if (this.#connected === undefined) this.#socket.on('message', listener);
    else this.#connected.onDatagram(listener);
  }

  /**
   * What the network or the system says of datagrams sent: refused, unreachable, too large. A socket that is not
   * connected warns of most of it itself, once, as it cannot tell whom it concerns.
   */
  onError(listener: (code: string) => void): void {
    this.#onError = listener;
    this.#socket.on('error', (error) => listener(errorCode(error)));
  }

  /** Exchanges datagrams with one address only, and learns when nothing listens there. */
  connect(to: EngineAddress): Promise<void> {
    return new Promise((resolve, reject) => {
      // Node's type leaves out that the callback is told of a failure.
      const done = (error?: NodeJS.ErrnoException): void => {
        if (error) reject(new Error(`cannot reach ${formatAddress(to)}: ${error.message}`));
        else {
          this.#connected = this.#connect();
          resolve();
        }
      };
      this.#socket.connect(to.port, to.host, done);
    });
  }

  #connect(): ConnectedSocket {
    const connected = new ConnectedSocket(this.#socket, this.#logger, {
      unsent: (datagrams) => {
        for (const datagram of datagrams) this.#socket.send(datagram, this.#sent);
      },
      failed: (code) => this.#onError(code),
    });
    connected.connected();
    return connected;
  }

  /** True: it is taken, and the buffer may be used again. */
  send(datagram: Buffer, to: EngineAddress): boolean {
    if (this.#connected?.send(datagram)) return true;
    if (this.#connected) this.#socket.send(datagram, this.#sent);
    else this.#socket.send(datagram, 0, datagram.length, to.port, to.host, this.#sent);
    // It is sent within this call, and waits in Node's queue only when the system has no room.
    return this.#socket.getSendQueueCount() === 0;
  }

  close(): void {
    if (this.#connected) this.#connected.close();
    else this.#socket.close();
  }

  // A datagram that cannot be sent is a datagram lost; QUIC deals with it.
  readonly #sent = (error: Error | null): void => {
    if (error === null) return;
    this.#meter.unsent++;
    const code = errorCode(error);
    if (isPassing(code)) return;
    // Also the system's word about an earlier datagram, which the next one meets before the socket's reader does.
    if (this.#connected !== undefined || code === 'EMSGSIZE') {
      this.#onError(code);
      return;
    }
    if (code === this.#reported) return;
    this.#reported = code;
    this.#logger.warn({ code }, `datagrams cannot be sent: ${error.message}`);
  };

  #sizeBuffers(options: SocketOptions): void {
    const { receiveBufferSize, sendBufferSize } = options;
    sizeReceiveBuffer(this.#socket, receiveBufferSize);
    if (receiveBufferSize !== undefined) {
      this.#warnIfSmaller('receive', receiveBufferSize, this.#socket.getRecvBufferSize(), 'rmem_max');
    }
    if (sendBufferSize !== undefined) {
      this.#socket.setSendBufferSize(sendBufferSize);
      this.#warnIfSmaller('send', sendBufferSize, this.#socket.getSendBufferSize(), 'wmem_max');
    }
  }

  #warnIfSmaller(which: string, asked: number, reported: number, sysctl: string): void {
    // Linux reports twice what it grants, the other half being its own bookkeeping.
    const granted = process.platform === 'linux' ? reported / 2 : reported;
    if (granted >= asked) return;
    this.#logger.warn(
      { asked, granted },
      `socket_${which}_buffer_size: asked for ${asked} bytes, the system gives ${granted}; ` +
        `raise it with: sysctl -w net.core.${sysctl}=${asked}`,
    );
  }
}
