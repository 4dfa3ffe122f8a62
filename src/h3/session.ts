import type { QuicClose, QuicEvents, QuicStreams, Role, StreamId } from '../quic/port.ts';
import { H3Connection } from './connection.ts';
import type { ConnectionHandler, RequestHandler } from './handlers.ts';
import type { SessionOptions } from './options.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, Session, SessionEvents } from './port.ts';
import { H3RequestStream, type RequestAcceptor } from './request-stream.ts';
import type { Settings } from './settings.ts';

/**
 * Puts HTTP/3 on a QUIC connection. SETTINGS go out at once, or as soon as the peer allows streams.
 *
 * Nothing comes from within `request`, `pause`, `resume`, `sendHeaders` or `close`: what such a call leads to
 * (held data, a failure) comes from a microtask. A pause holds back everything that the message has yet to say, the
 * head too; resets are told nonetheless.
 */
export function createSession(
  quic: QuicStreams,
  options: SessionOptions,
  events: SessionEvents,
): { readonly session: Session; readonly quicEvents: QuicEvents } {
  const session = new H3Session(quic, options, events);
  return { session, quicEvents: session.connection };
}

class H3Session implements Session, ConnectionHandler, RequestAcceptor {
  readonly connection: H3Connection;
  extendedConnect = false;
  readonly #quic: QuicStreams;
  readonly #options: SessionOptions;
  readonly #events: SessionEvents;

  constructor(quic: QuicStreams, options: SessionOptions, events: SessionEvents) {
    this.#quic = quic;
    this.#options = options;
    this.#events = events;
    this.connection = new H3Connection(quic, options, this);
  }

  get role(): Role {
    return this.#quic.role;
  }

  get inFlight(): number {
    return this.connection.inFlight;
  }

  request(events: RequestStreamEvents): RequestStream | undefined {
    const id = this.connection.openRequest();
    if (id === undefined) return undefined;
    const stream = this.#stream(id, events);
    this.connection.attach(id, stream);
    return stream;
  }

  pad(bytes: number): void {
    this.connection.pad(bytes);
  }

  announceGoAway(): void {
    this.connection.announceGoAway();
  }

  dropPendingHeads(age: number): void {
    this.connection.dropPendingHeads(age);
  }

  goAway(): void {
    this.connection.goAway();
  }

  close(code: number, reason: string): void {
    this.connection.close(code, reason);
  }

  onReady(settings: Settings): void {
    this.extendedConnect = settings.enableConnectProtocol;
    this.#events.onReady(settings.others ?? new Map());
  }

  onRequestStream(id: StreamId): RequestHandler {
    return this.#stream(id, undefined);
  }

  onRequest(stream: RequestStream, fields: FieldLines): RequestStreamEvents {
    return this.#events.onRequest(stream, fields);
  }

  onOversizedRequest(stream: RequestStream): void {
    this.#options.onOversizedRequest?.(stream);
  }

  // A turn of its own: the last stream may still be telling its end.
  onIdle(): void {
    queueMicrotask(() => this.#events.onIdle());
  }

  onStreamsAvailable(): void {
    this.#events.onStreamsAvailable();
  }

  onGoAway(): void {
    this.#events.onGoAway();
  }

  onClosed(close: QuicClose): void {
    this.#events.onClosed(close);
  }

  #stream(id: StreamId, events: RequestStreamEvents | undefined): H3RequestStream {
    return new H3RequestStream(id, this.connection, this.#quic, this, events);
  }
}
