import type { QuicConnection } from '../../../src/quic/connection.ts';
import type { QuicClose, QuicEvents, StreamId } from '../../../src/quic/port.ts';
import { patternBytes } from '../../support/pattern.ts';
import { sameBytes } from '../target.ts';

/** The server's side of a connection: sends back what comes. */
export class EchoServer implements QuicEvents {
  readonly #connection: QuicConnection;

  constructor(connection: QuicConnection) {
    this.#connection = connection;
  }

  onStreamData(id: StreamId, chunk: Uint8Array, fin: boolean): void {
    this.#connection.write(id, chunk, fin);
  }
  onStreamReset(): void {}
  onStreamStopped(): void {}
  onStreamDrain(): void {}
  onStreamSent(): void {}
  onStreamsAvailable(): void {}
  onClosed(): void {}
}

/** The client's side: sends bytes, and sees that the very same come back, and that nothing else ends the connection. */
export class EchoClient implements QuicEvents {
  readonly #connection: QuicConnection;
  readonly #sent = new Map<StreamId, Uint8Array>();
  readonly #received = new Map<StreamId, Uint8Array[]>();
  #closed: QuicClose | undefined;
  #failure: string | undefined;

  constructor(connection: QuicConnection) {
    this.#connection = connection;
  }

  get isIdle(): boolean {
    return this.#sent.size === 0;
  }

  /** What went wrong: with a stream, or else with the connection as a whole. */
  get failure(): string | undefined {
    return this.#failure ?? this.#closed?.reason;
  }

  send(size: number, seed: number): void {
    const id = this.#connection.openStream('bidirectional');
    if (id === undefined) return;
    const content = patternBytes(size, seed);
    this.#sent.set(id, content);
    this.#received.set(id, []);
    this.#connection.write(id, Buffer.from(content), true);
  }

  onStreamData(id: StreamId, chunk: Uint8Array, fin: boolean): void {
    this.#received.get(id)?.push(chunk);
    if (fin) this.#compare(id);
  }
  onStreamReset(id: StreamId, code: number): void {
    this.#fail(`stream ${id} was reset with ${code}`);
  }
  onStreamStopped(id: StreamId, code: number): void {
    this.#fail(`stream ${id} was stopped with ${code}`);
  }
  onStreamDrain(): void {}
  onStreamSent(): void {}
  onStreamsAvailable(): void {}
  onClosed(close: QuicClose): void {
    this.#closed = close;
  }

  #compare(id: StreamId): void {
    const sent = this.#sent.get(id);
    const received = Buffer.concat(this.#received.get(id) ?? []);
    if (sent === undefined || !sameBytes(sent, received)) this.#fail(`stream ${id} brought back other bytes`);
    this.#sent.delete(id);
    this.#received.delete(id);
  }

  #fail(what: string): void {
    this.#failure ??= what;
  }
}
