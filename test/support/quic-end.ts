/** One end of a QUIC connection as tests use it: keeps what happens, and waits for it without polling. */
import { createHash, type Hash } from 'node:crypto';
import type { QuicConnection } from '../../src/quic/connection.ts';
import type { Condition, QuicClose, QuicEvents, StreamId } from '../../src/quic/port.ts';
import { patternStream } from './pattern.ts';

/** What has happened on one stream so far. */
export interface StreamRecord {
  readonly hash: Hash;
  bytes: number;
  fin: boolean;
  /** Codes of RESET_STREAM and STOP_SENDING from the peer. */
  reset: number | undefined;
  stopped: number | undefined;
  drains: number;
}

export class QuicEnd implements QuicEvents {
  readonly connection: QuicConnection;
  readonly streams = new Map<StreamId, StreamRecord>();
  closed: QuicClose | undefined;
  /** Calls of `onStreamsAvailable`. */
  offers = 0;
  /** Called with each piece of data, after it was recorded. */
  onData: (id: StreamId, chunk: Uint8Array, fin: boolean) => void = () => {};
  /** What the connection's owner was told of it. */
  readonly conditions: Condition[] = [];
  /** Events that the contract of {@link QuicEvents} rules out. */
  readonly violations: string[] = [];
  readonly #waiters = new Set<() => void>();

  constructor(connection: QuicConnection) {
    this.connection = connection;
  }

  /** The record of a stream; an empty one before anything came. */
  stream(id: StreamId): StreamRecord {
    const known = this.streams.get(id);
    if (known !== undefined) return known;
    const hash = createHash('sha256');
    const record = { hash, bytes: 0, fin: false, reset: undefined, stopped: undefined, drains: 0 };
    this.streams.set(id, record);
    return record;
  }

  onCondition(condition: Condition): void {
    this.conditions.push(condition);
    for (const look of [...this.#waiters]) look();
  }

  /** Opens a bidirectional stream, which the test knows to be allowed. */
  open(): StreamId {
    const id = this.connection.openStream('bidirectional');
    if (id === undefined) throw new Error('the peer allows no more streams');
    return id;
  }

  /** Resolves once `condition` holds; it is looked at after each event. */
  until(condition: () => boolean): Promise<void> {
    return new Promise((resolve) => {
      const look = (): void => {
        if (!condition()) return;
        this.#waiters.delete(look);
        resolve();
      };
      this.#waiters.add(look);
      look();
    });
  }

  /** Sends the pattern of `seed`, as fast as the stream takes it, and the end. */
  async send(id: StreamId, size: number, seed: number): Promise<void> {
    const record = this.stream(id);
    for await (const chunk of patternStream(size, seed)) {
      const drains = record.drains;
      if (this.connection.write(id, chunk, false)) continue;
      await this.until(
        () => record.drains > drains || record.stopped !== undefined || this.closed !== undefined,
      );
    }
    this.connection.write(id, Buffer.alloc(0), true);
  }

  /** The hash of a stream's bytes, once its end has come. */
  async received(id: StreamId): Promise<string> {
    const record = this.stream(id);
    await this.until(() => record.fin);
    return record.hash.copy().digest('hex');
  }

  onStreamData(id: StreamId, chunk: Uint8Array, fin: boolean): void {
    const record = this.stream(id);
    if (record.fin || record.reset !== undefined) this.violations.push(`data after the end of stream ${id}`);
    record.hash.update(chunk);
    record.bytes += chunk.length;
    record.fin = fin;
    this.onData(id, chunk, fin);
    this.#wake();
  }

  onStreamReset(id: StreamId, errorCode: number): void {
    const record = this.stream(id);
    if (record.fin || record.reset !== undefined) this.violations.push(`reset after the end of stream ${id}`);
    record.reset = errorCode;
    this.#wake();
  }

  onStreamStopped(id: StreamId, errorCode: number): void {
    const record = this.stream(id);
    if (record.stopped !== undefined) this.violations.push(`stream ${id} stopped twice`);
    record.stopped = errorCode;
    this.#wake();
  }

  onStreamDrain(id: StreamId): void {
    this.stream(id).drains++;
    this.#wake();
  }

  onStreamSent(): void {
    // Of no interest here.
  }

  onStreamsAvailable(): void {
    // As HTTP/3 does: streams that live as long as the connection come first.
    if (this.offers++ === 0) this.connection.openStream('unidirectional');
    this.#wake();
  }

  onClosed(close: QuicClose): void {
    if (this.closed !== undefined) this.violations.push('closed twice');
    this.closed = close;
    this.#wake();
  }

  #wake(): void {
    for (const look of [...this.#waiters]) look();
  }
}

/** Sends a byte on a new stream and resolves when `to` has it: whatever `from` sent before is there, too. */
export async function passMarker(from: QuicEnd, to: QuicEnd): Promise<void> {
  const id = from.open();
  from.connection.write(id, Buffer.from('!'), false);
  await to.until(() => to.stream(id).bytes > 0);
}

/** A stream of the client's of which the server has got the first byte. */
export async function openedStream(client: QuicEnd, server: QuicEnd): Promise<StreamId> {
  const id = client.open();
  client.connection.write(id, Buffer.from('?'), false);
  await server.until(() => server.stream(id).bytes > 0);
  return id;
}
