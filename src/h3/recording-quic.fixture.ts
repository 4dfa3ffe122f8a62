import { QpackEncoder } from '../qpack/encoder.ts';
import { isUnidirectional, type QuicStreams, type Role, type StreamId } from '../quic/port.ts';
import { encodeFrame, FrameType } from './frames.ts';
import type { SessionOptions } from './options.ts';
import type {
  FieldLines,
  RequestStream,
  RequestStreamEvents,
  Session,
  SessionEvents,
  StreamFailure,
} from './port.ts';
import { createSession } from './session.ts';
import { encodeSettings } from './settings.ts';

/** A QUIC connection that only writes down what HTTP/3 asks of it. */
export class RecordingQuic implements QuicStreams {
  readonly role: Role;
  readonly writes: { readonly id: StreamId; readonly chunk: Uint8Array; readonly fin: boolean }[] = [];
  readonly resets: [StreamId, number][] = [];
  readonly stops: [StreamId, number][] = [];
  /** What was asked about request streams, and about critical streams. */
  readonly steering: string[] = [];
  readonly ownPriorities: string[] = [];
  readonly closes: [number, string][] = [];
  /** Streams that the peer still allows. */
  allowed = { bidirectional: 100, unidirectional: 3 };
  /** What `write` says. */
  room = true;
  #next: { bidirectional: number; unidirectional: number };

  constructor(role: Role) {
    this.role = role;
    this.#next =
      role === 'client' ? { bidirectional: 0, unidirectional: 2 } : { bidirectional: 1, unidirectional: 3 };
  }

  openStream(direction: 'bidirectional' | 'unidirectional'): StreamId | undefined {
    if (this.allowed[direction] === 0) return undefined;
    this.allowed[direction]--;
    this.#next[direction] += 4;
    return this.#next[direction] - 4;
  }

  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean {
    this.writes.push({ id, chunk, fin });
    return this.room;
  }

  finishStream(): boolean {
    return false;
  }

  resetStream(id: StreamId, errorCode: number): void {
    this.resets.push([id, errorCode]);
  }

  stopSending(id: StreamId, errorCode: number): void {
    this.stops.push([id, errorCode]);
  }

  pauseStream(id: StreamId): void {
    this.steering.push(`pause ${id}`);
  }

  resumeStream(id: StreamId): void {
    this.steering.push(`resume ${id}`);
  }

  setPriority(id: StreamId, urgency: number, incremental: boolean): void {
    const list = isUnidirectional(id) ? this.ownPriorities : this.steering;
    list.push(`priority ${id} ${urgency} ${incremental}`);
  }

  close(errorCode: number, reason: string): void {
    this.closes.push([errorCode, reason]);
  }

  /** Everything written to a stream. */
  written(id: StreamId): Uint8Array {
    return Buffer.concat(this.writes.filter((write) => write.id === id).map((write) => write.chunk));
  }

  ended(id: StreamId): boolean {
    return this.writes.some((write) => write.id === id && write.fin);
  }
}

export const OPTIONS: SessionOptions = {
  maxFieldSectionSize: 4096,
  maxFieldCount: 50,
  qpackMaxTableCapacity: 0,
  qpackBlockedStreams: 0,
  qpackNeverIndexed: [],
  now: () => 0,
};

/** What happened on a request stream, as words. */
export class RecordingEvents implements RequestStreamEvents {
  readonly log: string[] = [];
  readonly failures: StreamFailure[] = [];
  /** Called for every chunk. */
  dataHook: () => void = () => {};

  onInterim(fields: FieldLines): void {
    this.log.push(`interim ${fields[1]}`);
  }
  onHeaders(fields: FieldLines): void {
    this.log.push(`headers ${fields[1]}`);
  }
  onData(chunk: Uint8Array): void {
    this.log.push(`data ${Buffer.from(chunk).toString('latin1')}`);
    this.dataHook();
  }
  onTrailers(fields: FieldLines): void {
    this.log.push(`trailers ${fields.join(' ')}`);
  }
  onEnd(): void {
    this.log.push('end');
  }
  onDrain(): void {
    this.log.push('drain');
  }
  onStopped(code: number): void {
    this.log.push(`stopped 0x${code.toString(16)}`);
  }
  onFailed(failure: StreamFailure): void {
    this.log.push(`failed ${failure.source} ${failure.scope} 0x${failure.code?.toString(16)}`);
    this.failures.push(failure);
  }

  /** The content so far. */
  get content(): string {
    return this.log
      .filter((line) => line.startsWith('data '))
      .map((line) => line.slice(5))
      .join('');
  }
}

/** A session on a recording QUIC connection, and what it told. */
export interface Harness {
  readonly quic: RecordingQuic;
  readonly session: Session;
  readonly log: string[];
  /** Requests that the server was told of, in order. */
  readonly requests: { stream: RequestStream; fields: FieldLines; events: RecordingEvents }[];
  receive(id: StreamId, bytes: Uint8Array, fin?: boolean): void;
  reset(id: StreamId, code: number): void;
  stop(id: StreamId, code: number): void;
  drain(id: StreamId): void;
  sent(id: StreamId): void;
  streamsAvailable(): void;
  closed(code: number): void;
}

export function harness(
  role: Role,
  options: Partial<SessionOptions> = {},
  quic = new RecordingQuic(role),
): Harness {
  const log: string[] = [];
  const requests: Harness['requests'] = [];
  const events: SessionEvents = {
    onReady: () => log.push('ready'),
    onRequest(stream, fields) {
      const recording = new RecordingEvents();
      requests.push({ stream, fields, events: recording });
      return recording;
    },
    onStreamsAvailable: () => log.push('streams available'),
    onGoAway: () => log.push('go away'),
    onIdle: () => log.push('idle'),
    onClosed: (close) => log.push(`closed ${close.source} 0x${close.code.toString(16)}`),
  };
  const { session, quicEvents } = createSession(quic, { ...OPTIONS, ...options }, events);
  return {
    quic,
    session,
    log,
    requests,
    receive: (id, bytes, fin = false) => quicEvents.onStreamData(id, bytes, fin),
    reset: (id, code) => quicEvents.onStreamReset(id, code),
    stop: (id, code) => quicEvents.onStreamStopped(id, code),
    drain: (id) => quicEvents.onStreamDrain(id),
    sent: (id) => quicEvents.onStreamSent(id),
    streamsAvailable: () => quicEvents.onStreamsAvailable(),
    closed: (code) => quicEvents.onClosed({ source: 'remote', space: 'application', code, reason: 'closed' }),
  };
}

/** A client whose server's SETTINGS arrived; its own control stream is 2, the server's 3. */
export function readyClient(options: Partial<SessionOptions> = {}): Harness {
  const client = harness('client', options);
  client.receive(3, controlStream());
  return client;
}

/** Sends a request from a client and gives what happens to it. */
export function request(client: Harness, fields: FieldLines = GET, end = true) {
  const events = new RecordingEvents();
  const stream = client.session.request(events);
  if (stream === undefined) throw new Error('no request possible');
  stream.sendHeaders(fields, end);
  return { stream, events };
}

export const GET: FieldLines = [':method', 'GET', ':scheme', 'https', ':authority', 'a', ':path', '/'];
export const POST: FieldLines = [':method', 'POST', ':scheme', 'https', ':authority', 'a', ':path', '/'];
export const OK: FieldLines = [':status', '200'];

export const text = (value: string): Uint8Array => Buffer.from(value, 'latin1');
export const concat = (...parts: Uint8Array[]): Uint8Array => Buffer.concat(parts);
export const headers = (fields: FieldLines): Uint8Array =>
  encodeFrame(FrameType.HEADERS, new QpackEncoder().encode(0, fields));
export const data = (content: string): Uint8Array => encodeFrame(FrameType.DATA, text(content));
export const settings = (): Uint8Array =>
  encodeSettings({
    maxFieldSectionSize: 65_536,
    qpackMaxTableCapacity: 0,
    qpackBlockedStreams: 0,
    enableConnectProtocol: false,
  });

/** A control stream from its start, with SETTINGS and then what is given. */
export const controlStream = (...frames: Uint8Array[]): Uint8Array =>
  concat(Buffer.of(0), settings(), ...frames);
