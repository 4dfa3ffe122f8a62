/** A QUIC peer that sends any bytes on any stream, as a client and as a server, and keeps what it is sent. */
import { readFileSync } from 'node:fs';
import type { QuicConnection } from '../../src/quic/connection.ts';
import { Dialer } from '../../src/quic/dial.ts';
import { listen, type ServerEndpoint } from '../../src/quic/listen.ts';
import type { Logger } from '../../src/quic/log.ts';
import type { QuicOptions } from '../../src/quic/options.ts';
import {
  isServerInitiated,
  isUnidirectional,
  type QuicClose,
  type QuicEvents,
  type Role,
  type StreamId,
} from '../../src/quic/port.ts';
import { CLIENT_NAME, type IdentityFiles, SERVER_NAME, sharedPki } from './certificates.ts';

/** What the other end did with one stream. */
export interface RawStream {
  readonly chunks: Uint8Array[];
  ended: boolean;
  /** Code of its RESET_STREAM. */
  reset: number | undefined;
  /** Code of its STOP_SENDING. */
  stopped: number | undefined;
}

/** One connection. */
export class RawPeer implements QuicEvents {
  closed: QuicClose | undefined;
  readonly #connection: QuicConnection;
  readonly #streams = new Map<StreamId, RawStream>();
  readonly #opened = new Set<StreamId>();
  readonly #full = new Set<StreamId>();
  readonly #news = new Set<() => void>();

  constructor(connection: QuicConnection) {
    this.#connection = connection;
  }

  /** What came of a stream so far. */
  stream(id: StreamId): RawStream {
    const known = this.#streams.get(id);
    if (known !== undefined) return known;
    const fresh: RawStream = { chunks: [], ended: false, reset: undefined, stopped: undefined };
    this.#streams.set(id, fresh);
    return fresh;
  }

  /** Bytes that came on a stream. */
  received(id: StreamId): Buffer {
    return Buffer.concat(this.stream(id).chunks);
  }

  /** Whether either end opened the stream. */
  has(id: StreamId): boolean {
    return this.#opened.has(id) || this.#streams.has(id);
  }

  /** Sends, and opens the stream before when it is ours; waits for the credit to do so. */
  async send(id: StreamId, bytes: Uint8Array, fin = false): Promise<void> {
    await this.open(id);
    if (!this.#connection.write(id, Buffer.from(bytes), fin)) this.#full.add(id);
    await this.until(() => !this.#full.has(id));
  }

  /** Opens our streams up to `id`, as soon as the other end allows it. */
  async open(id: StreamId): Promise<void> {
    const ours = isServerInitiated(id) === (this.#connection.role === 'server');
    while (ours && !this.#opened.has(id)) {
      await this.until(() => this.closed !== undefined || this.#openNext(id));
      if (this.closed !== undefined) return;
    }
  }

  /** Whether there is credit for one more stream of ours; the stream is then open. */
  tryOpen(direction: 'bidirectional' | 'unidirectional'): boolean {
    const id = this.#connection.openStream(direction);
    if (id !== undefined) this.#opened.add(id);
    return id !== undefined;
  }

  async reset(id: StreamId, code: number): Promise<void> {
    await this.open(id);
    this.#connection.resetStream(id, code);
  }

  stop(id: StreamId, code: number): void {
    this.#connection.stopSending(id, code);
  }

  /** Reads no more of a stream. */
  pause(id: StreamId): void {
    this.#connection.pauseStream(id);
  }

  /** Bytes of packets sent so far. */
  get sentBytes(): number {
    return this.#connection.traffic.sentBytes;
  }

  close(code = 0x100, reason = 'the test closes'): void {
    this.#connection.close(code, reason);
  }

  /** Resolves once `condition` holds, or the connection is over. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition() && this.closed === undefined) return;
        this.#news.delete(look);
        resolve();
      };
      this.#news.add(look);
      look();
    });
  }

  onStreamData(id: StreamId, chunk: Uint8Array, fin: boolean): void {
    const stream = this.stream(id);
    if (chunk.length > 0) stream.chunks.push(chunk);
    stream.ended ||= fin;
    this.#tell();
  }

  onStreamReset(id: StreamId, errorCode: number): void {
    this.stream(id).reset = errorCode;
    this.#tell();
  }

  onStreamStopped(id: StreamId, errorCode: number): void {
    this.stream(id).stopped = errorCode;
    this.#full.delete(id);
    this.#tell();
  }

  onStreamDrain(id: StreamId): void {
    this.#full.delete(id);
    this.#tell();
  }

  onStreamSent(): void {
    // Of no interest here.
  }

  onStreamsAvailable(): void {
    this.#tell();
  }

  onClosed(close: QuicClose): void {
    this.closed = close;
    this.#tell();
  }

  #openNext(id: StreamId): boolean {
    return this.tryOpen(isUnidirectional(id) ? 'unidirectional' : 'bidirectional');
  }

  #tell(): void {
    for (const look of [...this.#news]) look();
  }
}

/**
 * A client's connection to the server end at `port` of this host; `changes` to its settings make it a worse one. Rejects
 * when it comes to nothing.
 */
export async function dialRaw(port: number, changes: Partial<QuicOptions> = {}): Promise<RawPeer> {
  const socket = { bindAddress: '127.0.0.1', receiveBufferSize: undefined, sendBufferSize: undefined };
  const dialer = new Dialer(socket, { ...(await rawOptions('client')), ...changes }, SILENT);
  return new Promise((resolve, reject) => {
    const events = {
      onConnection: (connection: QuicConnection): QuicEvents => {
        const peer = new RawPeer(connection);
        resolve(peer);
        return peer;
      },
      onFailed: (close: QuicClose) => reject(new Error(close.reason)),
      onCondition: () => {},
    };
    dialer.dial('127.0.0.1', port, events).catch(reject);
  });
}

/** A server: each connection is a {@link RawPeer}. */
export class RawServer {
  readonly #waiting: RawPeer[] = [];
  #endpoint: ServerEndpoint | undefined;
  #onNews: () => void = () => {};

  static async start(): Promise<RawServer> {
    const server = new RawServer();
    const events = {
      onConnection: (connection: QuicConnection): QuicEvents => server.#accept(connection),
      onRefused: () => {},
    };
    server.#endpoint = await listen(ANY_PORT, await rawOptions('server'), events, SILENT);
    return server;
  }

  private constructor() {}

  get port(): number {
    return this.#endpoint?.address.port ?? 0;
  }

  /** The next connection that nobody has asked for yet. */
  async next(): Promise<RawPeer> {
    for (;;) {
      const peer = this.#waiting.shift();
      if (peer !== undefined) return peer;
      await new Promise<void>((resolve) => {
        this.#onNews = resolve;
      });
    }
  }

  async stop(): Promise<void> {
    await this.#endpoint?.close(0x100, 'the test is over');
  }

  #accept(connection: QuicConnection): RawPeer {
    const peer = new RawPeer(connection);
    this.#waiting.push(peer);
    this.#onNews();
    return peer;
  }
}

const ANY_PORT = {
  bindAddress: '127.0.0.1',
  port: 0,
  receiveBufferSize: undefined,
  sendBufferSize: undefined,
};

const SILENT: Logger = { debug: () => {}, info: () => {}, warn: () => {} };

const files: Partial<Record<Role, Promise<IdentityFiles>>> = {};

async function rawOptions(role: Role): Promise<QuicOptions> {
  const pki = await sharedPki();
  files[role] ??= role === 'client' ? pki.client() : pki.server();
  const { cert, key } = await files[role];
  return {
    identity: { ca: readFileSync(pki.ca), chain: readFileSync(cert), key: readFileSync(key) },
    peerName: role === 'client' ? SERVER_NAME : CLIENT_NAME,
    verifyPeer: true,
    maxIdleTimeout: 5000,
    keepAliveInterval: 2000,
    initialRtt: 333,
    initialWindow: 655_270,
    congestionAlgorithm: 'Bbr',
    udpPayloadSize: 1350,
    maxEgressRate: undefined,
    redundancy: 'Off',
    maxConcurrentStreams: 100,
    streamReceiveWindow: 16_000_000,
    receiveWindow: undefined,
    sendWindow: 8_000_000,
    allowFrom: undefined,
    keyLogFile: undefined,
  };
}
