import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { Code } from '../h3/codes.ts';
import type { RequestStream } from '../h3/port.ts';
import type { RequestAccount } from './request-account.ts';
import { WebSocketDirection } from './websocket-farewell.ts';

/** Who watches an upgraded connection. */
export interface TunnelWatch {
  /** Something moved. */
  touch(): void;
  /** Where its bytes are counted. */
  readonly account: RequestAccount;
}

/** What kind of connection it is. */
export interface TunnelKind {
  /** What comes out of the socket: what the request, or the response, has instead of content. */
  readonly side: 'request' | 'response';
  readonly isWebSocket: boolean;
}

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
  readonly #side: TunnelKind['side'];
  readonly #onOver: (isWhole: boolean) => void;
  /** A WebSocket's directions, out of the socket and into it. */
  readonly #webSocket:
    | { readonly outward: WebSocketDirection; readonly inward: WebSocketDirection }
    | undefined;
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
    { side, isWebSocket }: TunnelKind,
    onOver: (isWhole: boolean) => void,
  ) {
    this.#stream = stream;
    this.#socket = socket;
    this.#watch = watch;
    this.#side = side;
    this.#onOver = onOver;
    if (!isWebSocket) return;
    const outward = new WebSocketDirection(side === 'request');
    this.#webSocket = { outward, inward: new WebSocketDirection(side === 'response') };
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
    this.#toSocket(this.#webSocket === undefined ? chunk : this.#webSocket.inward.pass(chunk));
    this.#endWhatIsSaid();
  }

  /** The stream's peer has said all. */
  onEnd(): void {
    this.#ended.inward = true;
    this.#socket.end();
    if (this.#socket.closed) this.#finish(this.#ended.outward);
  }

  /** The stream has room again. */
  onDrain(): void {
    this.#watch.touch();
    this.#socket.resume();
  }

  /**
   * This end stops. A WebSocket is closed, both ways at once: each side gets a Close frame, and an end when it has
   * answered. Of other protocols nobody knows how they say goodbye: they go on as long as they may.
   */
  farewell(): void {
    if (this.#webSocket === undefined || this.#isOver) return;
    this.#toStream(this.#webSocket.outward.end());
    if (!this.#ended.inward) this.#toSocket(this.#webSocket.inward.end());
    this.#endWhatIsSaid();
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
    this.#toStream(this.#webSocket === undefined ? chunk : this.#webSocket.outward.pass(chunk));
    this.#endWhatIsSaid();
  }

  #toStream(chunk: Uint8Array): void {
    if (chunk.length > 0 && !this.#stream.sendData(chunk)) this.#socket.pause();
  }

  #toSocket(chunk: Uint8Array): void {
    if (chunk.length > 0 && !this.#socket.write(chunk)) this.#stream.pause();
  }

  // A side is done when Close frames have gone both ways (RFC 6455 §7.1.1). What has ended passes nothing on, and so
  // waits for nobody to have room: there might never be a sign of it.
  #endWhatIsSaid(): void {
    if (this.#webSocket === undefined) return;
    const { outward, inward } = this.#webSocket;
    if (outward.hasEnded) this.#socket.resume();
    if (inward.hasEnded) this.#stream.resume();
    if (inward.hasEnded && outward.sawClose) this.#socket.end();
    if (outward.hasEnded && inward.sawClose) this.#stream.end();
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
    const { outward, inward } = this.#ended;
    // It was we who ended it: what is still on its way through the stream arrives, and then the stream's own end.
    if (outward && !inward && this.#webSocket?.inward.hasEnded === true) return;
    const isWhole = outward && inward;
    if (!isWhole) this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#finish(isWhole);
  }

  #finish(isWhole: boolean): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#onOver(isWhole);
  }
}

function ignore(): void {
  // 'close' follows.
}
