import type { Buffer } from 'node:buffer';
import { connect, type Socket } from 'node:net';
import { Rejection } from './failures.ts';
import { originRejection } from './origin-errors.ts';
import { Outlet } from './outlet.ts';
import { type ResponseEvents, ResponseParser } from './response-parser.ts';
import { READ_BUFFER, SOCKET_BUFFER } from './shared-reading.ts';

/** Who has a request on a connection. Each of these may come at any time from the request's first byte on. */
export interface ResponseListener extends ResponseEvents {
  /** The connection, which was only being made, stands. */
  onConnected(): void;
  /** The response is complete. The connection is the listener's to release or to destroy. */
  onResponseEnd(trailers: readonly string[]): void;
  /** After a `write` that said false: there is room. */
  onRoom(): void;
  /** The connection is lost, or could not be had: what that means to who asked. */
  onLost(rejection: Rejection): void;
  /** The response cannot be trusted, or the listener has thrown. The connection is the listener's to destroy. */
  onFault(error: unknown): void;
}

/** How connections to the origin are made. */
export interface OriginConnectionOptions {
  readonly address: { readonly host: string; readonly port: number };
  readonly tcpNoDelay: boolean;
  /** Bytes that a head may have. */
  readonly maxHeaderSize: number;
}

/** Who keeps connections. */
export interface ConnectionOwner {
  /** It may be used again, within so many milliseconds. */
  onFree(connection: OriginConnection, keepFor: number): void;
  /** It is lost, or was broken off: it must not be used again. May be told twice. */
  onClosed(connection: OriginConnection): void;
}

/**
 * A connection to the origin, for one request at a time. node:http's client would do, but costs more than all the rest of
 * the server end together: so the socket's bytes are read here, without a stream between.
 */
export class OriginConnection {
  readonly #socket: Socket;
  readonly #outlet: Outlet;
  readonly #owner: ConnectionOwner;
  readonly #parser: ResponseParser;
  #listener: ResponseListener | undefined;
  /** The origin has said more than was asked. */
  #isSpoilt = false;
  #keepFor = KEEP_FOR;
  /** What the origin said of it. */
  #keepAlive: string | undefined;

  constructor({ address, tcpNoDelay, maxHeaderSize }: OriginConnectionOptions, owner: ConnectionOwner) {
    this.#owner = owner;
    this.#parser = new ResponseParser(maxHeaderSize);
    this.#socket = connect({
      host: address.host,
      port: address.port,
      noDelay: tcpNoDelay,
      // What Socket does not know it hands to the streams.
      ...{ highWaterMark: SOCKET_BUFFER },
      onread: { buffer: READ_BUFFER, callback: (length) => this.#onRead(length) },
    });
    this.#outlet = new Outlet(this.#socket);
    this.#socket.on('connect', () => this.#listener?.onConnected());
    this.#socket.on('drain', () => this.#listener?.onRoom());
    this.#socket.on('end', () => this.#onEnd());
    this.#socket.on('error', (error) => this.#listener?.onLost(originRejection(error)));
    this.#socket.on('close', () => this.#onClosed());
  }

  get isConnecting(): boolean {
    return this.#socket.connecting;
  }

  /** Whether enough is waiting to be sent. */
  get isFull(): boolean {
    return this.#socket.writableNeedDrain;
  }

  /** Gives the connection to a request. */
  begin(listener: ResponseListener): void {
    this.#listener = listener;
    this.#parser.begin(listener);
  }

  /** Sends text (one byte a character) or bytes. `false`: enough is waiting, stop until `onRoom`. */
  write(part: string | Uint8Array): boolean {
    return this.#outlet.write(part);
  }

  /** Sends these together. `false` as `write`. */
  writeAll(parts: readonly (string | Uint8Array)[]): boolean {
    return this.#outlet.writeAll(parts);
  }

  /** Reads no more of the response for now. */
  pause(): void {
    this.#socket.pause();
  }

  resume(): void {
    if (this.#socket.isPaused()) this.#socket.resume();
  }

  /**
   * The request has been sent and the response read, as a whole. `keepAlive` is what the origin said of how long it keeps
   * the connection (its Keep-Alive field), if it did.
   */
  release(keepAlive: string | undefined): void {
    this.#listener = undefined;
    if (keepAlive !== undefined && keepAlive !== this.#keepAlive) this.#takeHint(keepAlive);
    if (this.#isSpoilt || this.#keepFor <= 0 || this.#socket.writableLength > 0 || !this.#socket.writable) {
      this.destroy();
      return;
    }
    this.resume();
    this.#owner.onFree(this, this.#keepFor);
  }

  /** Breaks it off. The listener hears nothing more. */
  destroy(): void {
    this.#listener = undefined;
    this.#parser.abandon();
    // The socket tells of it in a later turn, and until then another request could be given it.
    this.#owner.onClosed(this);
    this.#socket.destroy();
  }

  #takeHint(keepAlive: string): void {
    this.#keepAlive = keepAlive;
    const seconds = TIMEOUT.exec(keepAlive)?.[1];
    if (seconds !== undefined) this.#keepFor = Math.min(KEEP_MOST, Number(seconds) * 1000 - HINT_MARGIN);
  }

  #onRead(length: number): boolean {
    const listener = this.#listener;
    // Nobody asked: it would be taken for the answer to the next request.
    if (listener === undefined) this.destroy();
    else this.#read(listener, READ_BUFFER.subarray(0, length));
    return true;
  }

  #read(listener: ResponseListener, bytes: Buffer): void {
    try {
      const used = this.#parser.feed(bytes);
      if (!this.#parser.isComplete || this.#listener !== listener) return;
      this.#isSpoilt = used < bytes.length;
      listener.onResponseEnd(this.#parser.takeTrailers());
    } catch (error) {
      listener.onFault(error);
    }
  }

  #onEnd(): void {
    if (this.#listener === undefined) {
      this.destroy();
      return;
    }
    if (!this.#parser.end()) return;
    this.#isSpoilt = true;
    this.#listener.onResponseEnd([]);
  }

  #onClosed(): void {
    this.#owner.onClosed(this);
    this.#listener?.onLost(CLOSED);
  }
}

// Milliseconds. Servers keep an idle connection for five seconds (Node, Apache) or longer; one that says how long is
// believed, up to a minute: then a request after a pause does not wait for a connection to be made.
const KEEP_FOR = 4000;
const KEEP_MOST = 60_000;
const HINT_MARGIN = 1000;
const TIMEOUT = /(?:^|,)\s*timeout=(\d{1,6})\b/i;

const CLOSED = new Rejection(502, 'the origin closed the connection');
