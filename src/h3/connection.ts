import { IdMap } from '../bytes/id-map.ts';
import { QpackError } from '../qpack/errors.ts';
import {
  type Blame,
  isServerInitiated,
  isUnidirectional,
  type QuicClose,
  type QuicEvents,
  type QuicStreams,
  type Role,
  type StreamId,
} from '../quic/port.ts';
import { Code } from './codes.ts';
import { type ControlHandler, ControlReceiver } from './control-receiver.ts';
import { connectionError, H3Error, streamError } from './errors.ts';
import { fieldSectionSize } from './fields.ts';
import { FloodBudget } from './flood-budget.ts';
import { type FloodCounters, noFloodCounts } from './flood-counters.ts';
import { FloodGuard } from './flood-guard.ts';
import { encodeFrame, FrameType } from './frames.ts';
import { GoingAway } from './going-away.ts';
import type { ConnectionHandler, RequestHandler } from './handlers.ts';
import { HeldBytes } from './held-bytes.ts';
import { USELESS_BURST, WAITED_FOR } from './limits.ts';
import type { ReceiverContext } from './message-receiver.ts';
import type { H3Options } from './options.ts';
import { OwnStream } from './own-stream.ts';
import { sendPadding } from './padding.ts';
import { PeerStreamIds } from './peer-stream-ids.ts';
import { PendingHeads } from './pending-heads.ts';
import { PieceJoiner } from './piece-joiner.ts';
import type { FieldLines, StreamFailure } from './port.ts';
import { QpackStreams } from './qpack-streams.ts';
import { encodeSettings, type Settings } from './settings.ts';
import { Slices } from './slices.ts';
import {
  type CriticalStream,
  StreamType,
  type UnidirectionalHandler,
  UnidirectionalStreams,
} from './unidirectional.ts';
import { UnsentEnds } from './unsent-ends.ts';

/**
 * The core of an HTTP/3 connection (RFC 9114): it routes what QUIC delivers to control stream, QPACK and request
 * streams, and turns a broken rule into the reset or the close that the peer must see. It owns no socket and no
 * promise. After an error of the connection it processes nothing more.
 */
export class H3Connection implements QuicEvents, ControlHandler, UnidirectionalHandler {
  /** What the receivers of this connection's messages share. */
  readonly receiverContext: ReceiverContext;
  /** Server: requests whose head is not complete. */
  readonly pendingHeads: PendingHeads;
  /** Streams of which all was written, and not all taken. */
  readonly unsent: UnsentEnds;

  readonly #quic: QuicStreams;
  readonly #handler: ConnectionHandler;
  readonly #requests = new IdMap<RequestHandler>();
  readonly #peerRequests = new PeerStreamIds();
  readonly #counters: FloodCounters;
  readonly #flood: FloodGuard;
  readonly #qpack: QpackStreams;
  readonly #ownStreams: readonly OwnStream[];
  readonly #goingAway: GoingAway;
  readonly #peerControl: ControlReceiver;
  readonly #peerStreams: UnidirectionalStreams;
  /** Streams whose field section is not blocked any more. Each by itself: what is wrong with one is not the others' fault. */
  readonly #unblocked = new Slices<StreamId>(UNBLOCKED, (id) => {
    this.#requests.get(id)?.receiver.unblock();
    this.proceed(id);
  });
  /** Requests whose connection is lost, each with what it is told. */
  readonly #lost = new Slices<() => void>(LOST, (tell) => tell());
  #peerSettings: Settings | undefined;
  #state: 'open' | 'closing' | 'closed' = 'open';

  /** Opens our control and QPACK streams, as soon as the peer allows it. */
  constructor(quic: QuicStreams, options: H3Options, handler: ConnectionHandler) {
    this.#quic = quic;
    this.#handler = handler;
    this.#counters = options.floodCounters ?? noFloodCounts();
    const budget = options.floodBudget ?? new FloodBudget(options.now, USELESS_BURST);
    this.#flood = new FloodGuard(budget, this.#counters);
    this.pendingHeads = new PendingHeads(options.now);
    this.unsent = new UnsentEnds(quic);
    const others = options.otherSettings?.() ?? NONE;
    const settings = { ...options, enableConnectProtocol: quic.role === 'server', others };
    const encoding = { neverIndexed: options.qpackNeverIndexed, counters: options.qpackCounters };
    this.#qpack = new QpackStreams(quic, settings, encoding, this.#flood, (error) => this.#fail(error));
    this.#peerControl = new ControlReceiver(quic.role, this.#flood, this);
    this.#peerStreams = new UnidirectionalStreams(quic.role, this.#flood, this);
    this.receiverContext = {
      ...options,
      role: quic.role,
      flood: this.#flood,
      decoder: this.#qpack,
      held: new HeldBytes(),
      joiner: new PieceJoiner(),
    };
    const control = new OwnStream(quic, StreamType.CONTROL);
    control.write(encodeSettings(settings));
    this.#goingAway = new GoingAway(quic.role, control);
    this.#ownStreams = [control, this.#qpack.encoderStream, this.#qpack.decoderStream];
    for (const stream of this.#ownStreams) stream.open();
  }

  get role(): Role {
    return this.#quic.role;
  }

  /** Request streams not yet over in both directions. */
  get inFlight(): number {
    return this.#requests.size;
  }

  /** Client: the next request stream; `undefined` when none may be opened now. */
  openRequest(): StreamId | undefined {
    const allowed = this.#state === 'open' && this.#peerSettings !== undefined;
    if (!allowed || this.#goingAway.hasBegun) return undefined;
    return this.#quic.openStream('bidirectional');
  }

  /** Client: says who deals with a stream just opened. */
  attach(id: StreamId, handler: RequestHandler): void {
    this.#requests.set(id, handler);
  }

  /** Server: gives up requests whose head is still incomplete `age` milliseconds after they began. */
  dropPendingHeads(age: number): void {
    const late = streamError(Code.H3_REQUEST_INCOMPLETE, 'the head of the request takes too long');
    for (const id of this.pendingHeads.olderThan(age)) {
      this.#counters.lateHeads++;
      this.#failStream(late, id);
    }
  }

  /** Server: all of a response was handed on to be sent. */
  answered(): void {
    if (this.role === 'server') this.#flood.earn();
  }

  /** Both directions of the stream are over. */
  release(id: StreamId): void {
    this.pendingHeads.delete(id);
    if (this.#requests.delete(id) && this.#requests.size === 0) this.#handler.onIdle();
  }

  /** The peer's SETTINGS_MAX_FIELD_SECTION_SIZE if the section is over it (RFC 9114 §4.2.2). */
  exceededLimit(fields: FieldLines): number | undefined {
    const limit = this.#peerSettings?.maxFieldSectionSize ?? Number.POSITIVE_INFINITY;
    return fieldSectionSize(fields) > limit ? limit : undefined;
  }

  /** Sends a HEADERS frame. False: enough is queued. */
  sendFieldSection(id: StreamId, fields: FieldLines, fin: boolean): boolean {
    if (this.#state !== 'open') return true;
    try {
      return this.#quic.write(id, encodeFrame(FrameType.HEADERS, this.#qpack.encode(id, fields)), fin);
    } catch (error) {
      this.#raise(error, id);
      return true;
    }
  }

  /** Takes no more of a request stream: STOP_SENDING. */
  stopReceiving(id: StreamId, code: number): void {
    this.#quic.stopSending(id, code);
    this.abandonReceiving(id);
  }

  /** What a request stream still had to say is lost to QPACK, too (RFC 9204 §2.2.2.2). */
  abandonReceiving(id: StreamId): void {
    if (this.#state !== 'open') return;
    try {
      this.#qpack.cancel(id);
      this.#qpack.tellEncoder();
    } catch (error) {
      this.#raise(error, id);
    }
  }

  /** Goes on with what a receiver held that stood still, and then with what QUIC has. Not for calls of a stream. */
  proceed(id: StreamId): void {
    const receiver = this.#requests.get(id)?.receiver;
    if (receiver === undefined) return;
    try {
      receiver.proceed();
      this.#qpack.tellEncoder();
    } catch (error) {
      this.#raise(error, id);
    }
    if (!receiver.standsStill) this.#quic.resumeStream(id);
  }

  /** Sends bytes without meaning, after everything else that waits. */
  pad(bytes: number): void {
    if (this.#state === 'open') sendPadding(this.#quic, bytes);
  }

  /** Server: asks for no more requests, but refuses none that is on its way. */
  announceGoAway(): void {
    if (this.#state === 'open') this.#goingAway.announce();
  }

  /** Takes no more requests. */
  goAway(): void {
    if (this.#state === 'open') this.#goingAway.begin(this.#peerRequests.next);
  }

  /** Closes with an HTTP/3 code. Streams fail, and the handler hears of it, later. */
  close(code: number, reason: string): void {
    this.#end(code, reason, 'local');
  }

  onStreamData(id: StreamId, chunk: Uint8Array, fin: boolean): void {
    if (this.#state !== 'open') return;
    try {
      if (isUnidirectional(id)) this.#peerStreams.receive(id, chunk, fin);
      else (this.#requests.get(id) ?? this.#accept(id))?.receiver.receive(chunk, fin);
      this.#qpack.tellEncoder();
    } catch (error) {
      this.#raise(error, id);
    }
  }

  onStreamReset(id: StreamId, errorCode: number): void {
    if (this.#state !== 'open') return;
    try {
      if (isUnidirectional(id)) this.#peerStreams.end(id);
      else this.#cancelled(id)?.onReset(errorCode);
    } catch (error) {
      this.#raise(error, id);
    }
  }

  onStreamStopped(id: StreamId, errorCode: number): void {
    if (this.#state !== 'open') return;
    try {
      if (!isUnidirectional(id)) this.#cancelled(id)?.onStopped(errorCode);
      else if (this.#ownStreams.some((stream) => stream.id === id)) {
        throw connectionError(Code.H3_CLOSED_CRITICAL_STREAM, 'the peer stopped a critical stream of ours');
      }
    } catch (error) {
      this.#raise(error, id);
    }
  }

  onStreamDrain(id: StreamId): void {
    if (this.#state !== 'open') return;
    if (isUnidirectional(id)) this.#ownStreams.find((stream) => stream.id === id)?.onDrain();
    else this.#requests.get(id)?.onDrain();
  }

  onStreamSent(id: StreamId): void {
    this.unsent.sent(id);
  }

  onStreamsAvailable(): void {
    if (this.#state !== 'open') return;
    for (const stream of this.#ownStreams) stream.open();
    this.#handler.onStreamsAvailable();
  }

  onClosed(close: QuicClose): void {
    if (this.#state === 'closed') return;
    this.#state = 'closed';
    this.#qpack.close();
    const { source, code, reason } = close;
    this.#loseRequests({ source, code, reason });
    this.#lost.whenDone(() => this.#handler.onClosed(close));
  }

  onSettings(settings: Settings): void {
    this.#peerSettings = settings;
    this.#qpack.applyPeerSettings(settings);
    this.#handler.onReady(settings);
  }

  onGoAway(id: number): void {
    if (this.#goingAway.peerGoes()) this.#handler.onGoAway();
    if (this.role === 'server') return;
    for (const request of [...this.#requests.values()]) if (request.id >= id) request.onRejected();
  }

  onCriticalData(stream: CriticalStream, chunk: Uint8Array): void {
    if (stream === 'control') this.#peerControl.receive(chunk);
    else if (stream === 'qpackDecoder') this.#qpack.receiveDecoderStream(chunk);
    else this.#unblocked.add(this.#qpack.receiveEncoderStream(chunk));
  }

  onUnknownStream(id: StreamId): void {
    this.#quic.stopSending(id, Code.H3_STREAM_CREATION_ERROR);
  }

  // A bidirectional stream without handler: new, or of no interest any more.
  #accept(id: StreamId): RequestHandler | undefined {
    if (this.role === 'client') {
      if (!isServerInitiated(id)) return undefined;
      throw connectionError(Code.H3_STREAM_CREATION_ERROR, 'a bidirectional stream opened by the server');
    }
    if (isServerInitiated(id) || !this.#peerRequests.take(id)) return undefined;
    if (this.#goingAway.refuses(id)) {
      this.#quic.resetStream(id, Code.H3_REQUEST_REJECTED);
      this.stopReceiving(id, Code.H3_REQUEST_REJECTED);
      return undefined;
    }
    const handler = this.#handler.onRequestStream(id);
    this.#requests.set(id, handler);
    this.pendingHeads.add(id);
    return handler;
  }

  // A reset or stop of a request stream, maybe as the first sign of it. Only a client can ask for work and cancel it.
  #cancelled(id: StreamId): RequestHandler | undefined {
    const request = this.#requests.get(id);
    const waited = request !== undefined && this.receiverContext.now() - request.since >= WAITED_FOR;
    if (this.role === 'server' && !waited) this.#flood.spend('cancelled requests');
    return request ?? this.#accept(id);
  }

  // A fault of our own ends no more than the request that it came up in.
  #raise(error: unknown, id: StreamId): void {
    if (error instanceof H3Error && error.scope === 'stream') this.#failStream(error, id);
    else if (isBreach(error) || isUnidirectional(id)) this.#fail(error);
    else this.#failStream(streamError(Code.H3_INTERNAL_ERROR, internal(error)), id);
  }

  #fail(error: unknown): void {
    if (isBreach(error)) this.#end(error.code, error.message, 'remote');
    else this.#end(Code.H3_INTERNAL_ERROR, internal(error), 'local');
  }

  // Resets that the peer makes us send cost it, as cancelling does (RFC 9114 §10.5).
  #failStream(error: H3Error, id: StreamId): void {
    try {
      this.#flood.spend('requests that had to be reset');
      this.#requests.get(id)?.onError(error);
    } catch (worse) {
      this.#raise(worse, id);
    }
  }

  // Streams fail in a turn of their own: this may run inside a call of theirs.
  #end(code: number, reason: string, source: 'local' | 'remote'): void {
    if (this.#state !== 'open') return;
    this.#state = 'closing';
    if (code === Code.H3_EXCESSIVE_LOAD) this.#counters.connectionsClosed++;
    for (const request of this.#requests.values()) request.receiver.abandon();
    this.#qpack.close();
    this.#quic.close(code, reason, source === 'remote' ? blameOf(code) : undefined);
    queueMicrotask(() => this.#loseRequests({ source, code, reason }));
  }

  #loseRequests(cause: Pick<StreamFailure, 'source' | 'code' | 'reason'>): void {
    // The newest first: those that wait for their turn must not run in the places of those before them.
    const requests = [...this.#requests.values()].sort((one, other) => other.id - one.id);
    this.#requests.clear();
    this.#unblocked.clear();
    this.unsent.clear();
    const failure = { ...cause, scope: 'connection', untouched: false } as const;
    this.#lost.add(requests.map((request) => () => request.onLost(failure)));
  }
}

// At once: for each of the first a head of the largest size may have to be passed on, and for each of the others a connection
// to the origin be broken off.
const UNBLOCKED = 8;
const LOST = 32;

const NONE: ReadonlyMap<number, number> = new Map();

/** The peer broke a rule. */
const isBreach = (error: unknown): error is H3Error | QpackError =>
  error instanceof H3Error || error instanceof QpackError;

const blameOf = (code: number): Blame => (code === Code.H3_EXCESSIVE_LOAD ? 'flood' : 'breach');

const internal = (error: unknown): string => `internal error: ${String(error)}`;
