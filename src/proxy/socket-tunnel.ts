import type { Socket } from 'node:net';
import { Code } from '../h3/codes.ts';
import type { RequestStream } from '../h3/port.ts';
import type { RequestAccount } from './request-account.ts';

/** Who watches an upgraded connection. */
export interface TunnelWatch {
  /** Something moved. */
  touch(): void;
  /** Where its bytes are counted. */
  readonly account: RequestAccount;
}

/** What comes out of the socket: what the request, or the response, has instead of content. */
export type SocketSide = 'request' | 'response';

/**
 * An upgraded connection: a TCP socket and a request stream, joined. Bytes go both ways with back-pressure; a FIN
 * becomes the end of the stream's direction and the reverse, so that each side closes for itself; a TCP reset becomes
 * a cancelled stream and the reverse (RFC 9220 §3). It is over when the socket is closed.
 *
 * The socket must allow half-open connections.
 */
export class SocketTunnel {
  readonly #stream: RequestStream;
  readonly #socket: Socket;
  readonly #watch: TunnelWatch;
  readonly #side: SocketSide;
  readonly #onOver: (isWhole: boolean) => void;
  /** Directions that have ended: out of the socket, into the socket. */
  #ended = { outward: false, inward: false };
  #isOver = false;

  /**
   * `onOver` is called once, with whether both sides said that they had said all. Nothing moves before
   * {@link SocketTunnel.start}.
   */
  constructor(
    stream: RequestStream,
    socket: Socket,
    watch: TunnelWatch,
    side: SocketSide,
    onOver: (isWhole: boolean) => void,
  ) {
    this.#stream = stream;
    this.#socket = socket;
    this.#watch = watch;
    this.#side = side;
    this.#onOver = onOver;
  }

  /** Lets bytes through; `early` are those that were read already. */
  start(early: Uint8Array): void {
    const socket = this.#socket;
    socket.pause();
    if (early.length > 0) socket.unshift(early);
    socket.on('data', (chunk: Buffer) => this.#onSocketData(chunk));
    socket.on('end', () => this.#onSocketEnd());
    socket.on('drain', () => this.#onSocketDrain());
    socket.on('error', ignore);
    socket.on('close', () => this.#onSocketClose());
    socket.resume();
    this.#stream.resume();
    // A socket that closed just before tells nothing any more.
    if (socket.destroyed) this.#onSocketClose();
  }

  /** Content of the stream. */
  onData(chunk: Uint8Array): void {
    this.#watch.touch();
    if (this.#side === 'request') this.#watch.account.responseBytes += chunk.length;
    else this.#watch.account.requestBytes += chunk.length;
    if (!this.#socket.write(chunk)) this.#stream.pause();
  }

  /** The stream's peer has said all. */
  onEnd(): void {
    this.#ended.inward = true;
    this.#socket.end();
  }

  /** The stream has room again. */
  onDrain(): void {
    this.#watch.touch();
    this.#socket.resume();
  }

  /** Breaks both sides off; also what is to be done when the stream has failed or was stopped. */
  abort(): void {
    if (this.#isOver) return;
    this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#socket.resetAndDestroy();
    this.#finish(false);
  }

  #onSocketData(chunk: Buffer): void {
    this.#watch.touch();
    if (this.#side === 'request') this.#watch.account.requestBytes += chunk.length;
    else this.#watch.account.responseBytes += chunk.length;
    if (!this.#stream.sendData(chunk)) this.#socket.pause();
  }

  #onSocketDrain(): void {
    this.#watch.touch();
    this.#stream.resume();
  }

  #onSocketEnd(): void {
    this.#ended.outward = true;
    this.#stream.end();
  }

  #onSocketClose(): void {
    if (this.#isOver) return;
    const isWhole = this.#ended.outward && this.#ended.inward;
    if (!isWhole) this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#finish(isWhole);
  }

  #finish(isWhole: boolean): void {
    this.#isOver = true;
    this.#onOver(isWhole);
  }
}

function ignore(): void {
  // 'close' follows.
}
