import { randomInt } from 'node:crypto';
import { closeCause } from './cause.ts';
import { BAD_CERTIFICATE, INTERNAL_ERROR } from './close-reason.ts';
import { connectionTag } from './connection-tag.ts';
import { Deadline } from './deadline.ts';
import { FirstFlight, HANDSHAKE_TIMEOUT, HandshakeBudget } from './handshake.ts';
import type { ConnectionFigures, QuicMeter } from './meter.ts';
import { type EngineAddress, type EngineConnection, type EngineRecvInfo, errorText } from './native.ts';
import type { QuicOptions } from './options.ts';
import { Output } from './output.ts';
import { certificateMismatch, type LeafFacts, leafFacts } from './peer-name.ts';
import type { QuicClose, QuicEvents, QuicStreams, Role, StreamId } from './port.ts';
import { Streams } from './streams.ts';
import { type Traffic, trafficOf } from './traffic.ts';

/** What a connection needs of the endpoint that it lives in. */
export interface ConnectionHost {
  /** Monotonic clock, milliseconds. */
  readonly clock: () => number;
  readonly meter: QuicMeter;
  /** Sends a datagram; the buffer is the socket's from here on. */
  transmit(datagram: Buffer, to: EngineAddress): void;
  /** Asks for a call of `process` at the end of this turn of the event loop. */
  schedule(connection: QuicConnection): void;
  /** The handshake is complete and the peer's name is right: whose events are these? */
  established(connection: QuicConnection): QuicEvents;
  /** The connection ended before it was established. */
  failed(connection: QuicConnection, close: QuicClose): void;
  /** The engine's object is of no further use: forget the connection. */
  released(connection: QuicConnection): void;
  /** Something that the user may want to mend. */
  warn(connection: QuicConnection, message: string): void;
  /** The process is about to end: closed connections do not wait for stray packets (RFC 9000 §10.2). */
  readonly leaving: boolean;
}

/** How often streams that cannot tell are asked whether the peer stopped them, milliseconds. */
const SWEEP_INTERVAL = 20;

/** How long it is tried to tell the peer of the end, milliseconds. */
const CLOSE_TIMEOUT = 1000;

interface Closing {
  readonly application: boolean;
  readonly errorCode: number;
  readonly reason: Buffer;
  /** When to give up; `Infinity` before the engine was told. */
  until: number;
}

/** Longest reason that is sent with CONNECTION_CLOSE, bytes: a frame that does not fit its packet is never sent. */
const REASON_LENGTH = 200;

/** A server may send this many times the bytes that it received from an address not yet validated (RFC 9000 §8.1). */
const AMPLIFICATION_LIMIT = 3;

/**
 * The way of a connection. `handshaking`: not yet authenticated. `open`: events are delivered. `ended`: over for the
 * owner, while the engine waits for stray packets.
 */
type State =
  | { readonly phase: 'handshaking'; readonly budget: HandshakeBudget; readonly until: number }
  | { readonly phase: 'open'; readonly events: QuicEvents; readonly streams: Streams }
  | { readonly phase: 'ended' };

/**
 * One QUIC connection: datagrams in, events out, datagrams out, timer set again. All of it happens in
 * {@link QuicConnection.process}, once per turn of the event loop, after every waiting datagram was taken in.
 */
export class QuicConnection implements QuicStreams {
  readonly role: Role;
  /** A number for log lines. */
  readonly id: number = randomInt(2 ** 47);
  #tag = '';
  readonly #engine: EngineConnection;
  readonly #options: QuicOptions;
  readonly #host: ConnectionHost;
  readonly #output: Output;
  readonly #deadline: Deadline;
  readonly #firstFlight: FirstFlight;
  #state: State;
  #closing: Closing | undefined;
  #peerCertificate: LeafFacts | undefined;
  #released = false;
  /** Datagrams came since the last delivery, and since the last sweep. */
  #undelivered = false;
  #unswept = false;
  #sweptAt = 0;
  #pingedAt: number;
  #engineDue = Number.POSITIVE_INFINITY;

  constructor(engine: EngineConnection, role: Role, options: QuicOptions, host: ConnectionHost) {
    this.#engine = engine;
    this.role = role;
    this.#options = options;
    this.#host = host;
    const now = host.clock();
    this.#firstFlight = new FirstFlight(options.initialRtt);
    this.#output = new Output(
      engine,
      options,
      role,
      now,
      (datagram, to) => this.#transmit(datagram, to),
      (message) => host.warn(this, message),
    );
    this.#deadline = new Deadline(host.clock, () => host.schedule(this));
    this.#pingedAt = now;
    const patience = Math.min(HANDSHAKE_TIMEOUT, options.maxIdleTimeout);
    this.#state = { phase: 'handshaking', budget: new HandshakeBudget(), until: now + patience };
    if (options.keyLogFile !== undefined) engine.setKeylog(options.keyLogFile);
  }

  get established(): boolean {
    return this.#state.phase === 'open';
  }

  /** What both ends call it, once it is established; empty before. */
  get tag(): string {
    return this.#tag;
  }

  /** Smoothed round-trip time, milliseconds; 0 before the first sample. */
  get rtt(): number {
    return this.#output.rtt;
  }

  /** What it has moved so far. */
  get traffic(): Traffic {
    return trafficOf(this.#engine);
  }

  /** How it is now. */
  get figures(): ConnectionFigures {
    return this.#output.figures(this.#openStreams()?.sending);
  }

  /** What the peer presented in the handshake. */
  get peerCertificate(): LeafFacts | undefined {
    return this.#peerCertificate;
  }

  /** Takes in a datagram; what follows from it happens in {@link process}. */
  receive(datagram: Buffer, info: EngineRecvInfo): void {
    if (this.#released) return;
    if (this.#state.phase === 'handshaking' && !this.#state.budget.admit(datagram)) {
      this.#abandon('the peer sent more than a handshake takes');
      return;
    }
    if (this.role === 'client') this.#firstFlight.answered();
    try {
      this.#engine.recv(datagram, info);
    } catch {
      // The engine has closed the connection where that was called for, and `process` will see it.
    }
    this.#output.received();
    this.#undelivered = true;
    this.#unswept = true;
    this.#host.schedule(this);
  }

  /** Does all that is due: delivers, sends, sets the timer. */
  process(): void {
    if (this.#released) return;
    try {
      this.#advance(this.#host.clock());
    } catch (error) {
      this.#end({
        source: 'local',
        space: 'transport',
        code: INTERNAL_ERROR,
        reason: `the QUIC engine failed: ${errorText(error)}`,
      });
      this.#release();
    }
  }

  openStream(direction: 'bidirectional' | 'unidirectional'): StreamId | undefined {
    const streams = this.#openStreams();
    if (streams === undefined || this.#closing !== undefined) return undefined;
    this.#host.schedule(this);
    return streams.open(direction);
  }

  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean {
    const streams = this.#openStreams();
    if (streams === undefined) return true;
    this.#host.schedule(this);
    return streams.write(id, chunk, fin);
  }

  resetStream(id: StreamId, errorCode: number): void {
    this.#openStreams()?.reset(id, errorCode);
    this.#host.schedule(this);
  }

  stopSending(id: StreamId, errorCode: number): void {
    this.#openStreams()?.stop(id, errorCode);
    this.#host.schedule(this);
  }

  pauseStream(id: StreamId): void {
    this.#openStreams()?.pause(id);
  }

  resumeStream(id: StreamId): void {
    if (this.#openStreams()?.resume(id) !== true) return;
    this.#undelivered = true;
    this.#host.schedule(this);
  }

  setPriority(id: StreamId, urgency: number, incremental: boolean): void {
    this.#openStreams()?.setPriority(id, urgency, incremental);
  }

  close(errorCode: number, reason: string): void {
    this.#close(true, errorCode, reason);
  }

  /** As {@link close}, and a connection that is over already is let go of. */
  leave(errorCode: number, reason: string): void {
    this.#close(true, errorCode, reason);
    this.#host.schedule(this);
  }

  /** The system refused a datagram for its size (EMSGSIZE). */
  datagramRefused(): void {
    this.#output.datagramRefused();
  }

  /** Ends an attempt to connect of which the network says that it is in vain. */
  giveUp(reason: string): void {
    if (this.#state.phase === 'handshaking') this.#abandon(reason);
  }

  #close(application: boolean, errorCode: number, reason: string): void {
    if (this.#closing !== undefined || this.#state.phase === 'ended') return;
    const text = Buffer.from(reason).subarray(0, REASON_LENGTH);
    this.#closing = { application, errorCode, reason: text, until: Number.POSITIVE_INFINITY };
    this.#host.schedule(this);
  }

  #openStreams(): Streams | undefined {
    return this.#state.phase === 'open' ? this.#state.streams : undefined;
  }

  #advance(now: number): void {
    if (now >= this.#engineDue) this.#timedOut(now);
    if (this.#state.phase === 'handshaking') this.#shakeHands(this.#state, now);
    if (this.#state.phase === 'open' && this.#closing === undefined) this.#serve(this.#state.streams, now);
    if (this.#released) return;
    if (this.#flush(now)) this.#host.schedule(this);
    this.#openStreams()?.sending.emitDrains();
    const draining = this.#engine.isDraining();
    const inVain = !draining && now >= (this.#closing?.until ?? Number.POSITIVE_INFINITY);
    const over = inVain || this.#engine.isClosed();
    if (over || draining) this.#end(this.#cause());
    if (over || (this.#host.leaving && this.#state.phase === 'ended')) this.#release();
    else this.#arm(now);
  }

  /**
   * True: there is more, for the next turn. The end comes last: once the engine knows of it, it sends nothing else, and
   * as long as something else waits in a packet number space of the handshake, not even that.
   */
  #flush(now: number): boolean {
    const closing = this.#closing;
    if (closing === undefined) return this.#output.flush(this.#openStreams()?.sending, now, false);
    if (closing.until === Number.POSITIVE_INFINITY) {
      this.#output.flush(this.#openStreams()?.sending, now, true);
      this.#engine.close(closing.application, closing.errorCode, closing.reason);
      closing.until = now + CLOSE_TIMEOUT;
    }
    return this.#output.flush(undefined, now, true);
  }

  #timedOut(now: number): void {
    this.#output.timedOut(now);
    this.#engine.onTimeout();
  }

  #shakeHands(state: Extract<State, { phase: 'handshaking' }>, now: number): void {
    if (this.#engine.isEstablished()) {
      this.#firstFlight.answered();
      this.#authenticate();
      return;
    }
    if (now >= state.until && this.#closing === undefined) {
      this.#abandon(this.#silence());
      return;
    }
    const allowance =
      this.role === 'client'
        ? Number.POSITIVE_INFINITY
        : AMPLIFICATION_LIMIT * state.budget.received -
          this.#output.sentBytes -
          this.#firstFlight.repeatedBytes;
    const to = this.#output.lastAddress;
    if (to === undefined) return;
    for (const datagram of this.#firstFlight.repeat(now, allowance)) this.#host.transmit(datagram, to);
  }

  /** The chain was judged by the engine; here the name is, before a single stream is read. */
  #authenticate(): void {
    const name = this.#options.peerName;
    const leaf = this.#engine.peerCertChain()?.[0];
    const mismatch = this.#options.verifyPeer ? certificateMismatch(leaf, name) : undefined;
    if (mismatch !== undefined) {
      this.#close(false, BAD_CERTIFICATE, mismatch);
      return;
    }
    this.#peerCertificate = leafFacts(leaf);
    this.#output.established();
    this.#tag = connectionTag(this.#engine, this.role);
    const events = this.#host.established(this);
    const streams = new Streams(this.#engine, this.role, this.#options.sendWindow, events);
    this.#state = { phase: 'open', events, streams };
    events.onStreamsAvailable();
  }

  #serve(streams: Streams, now: number): void {
    if (this.#undelivered) {
      this.#undelivered = false;
      while (this.#engine.pathEventNext() !== null);
      streams.sending.revive();
      streams.offerStreams();
      if (streams.deliver()) {
        this.#undelivered = true;
        this.#host.schedule(this);
      }
    }
    if (this.#unswept && now - this.#sweptAt >= SWEEP_INTERVAL) {
      this.#unswept = false;
      this.#sweptAt = now;
      streams.sweep();
    }
    if (now >= streams.starvedAt(now)) {
      this.#close(false, INTERNAL_ERROR, 'the peer allows no more streams, though none is open');
    }
    if (now >= this.#keepAliveDue()) {
      this.#pingedAt = now;
      this.#engine.sendAckEliciting();
    }
  }

  #keepAliveDue(): number {
    return Math.max(this.#output.heardAt, this.#pingedAt) + this.#options.keepAliveInterval;
  }

  #transmit(datagram: Buffer, to: EngineAddress): void {
    if (this.#state.phase === 'handshaking') this.#firstFlight.sent(datagram, this.#host.clock());
    this.#host.transmit(datagram, to);
  }

  #arm(now: number): void {
    const timeout = this.#engine.timeout();
    this.#engineDue = timeout === null ? Number.POSITIVE_INFINITY : now + Math.max(1, timeout);
    let due = Math.min(this.#engineDue, this.#output.due);
    if (this.#closing !== undefined) {
      if (this.#state.phase !== 'ended') due = Math.min(due, this.#closing.until);
    } else if (this.#state.phase === 'handshaking') {
      this.#engineDue = Math.max(this.#engineDue, this.#firstFlight.engineWaitsUntil());
      due = Math.min(this.#engineDue, this.#output.due, this.#firstFlight.due, this.#state.until);
    } else if (this.#state.phase === 'open') {
      due = Math.min(due, this.#keepAliveDue(), this.#state.streams.starvedAt(now));
      if (this.#unswept) due = Math.min(due, this.#sweptAt + SWEEP_INTERVAL);
    }
    this.#deadline.set(due);
  }

  #cause(): QuicClose {
    return closeCause(this.#engine, this.#options.peerName, this.#silence());
  }

  #silence(): string {
    if (this.#state.phase !== 'handshaking') {
      return `nothing was heard from the peer for max_idle_timeout (${this.#options.maxIdleTimeout} ms)`;
    }
    return this.#output.heardAt > 0
      ? 'the handshake did not complete in time'
      : 'no answer: is the peer running, and is its UDP port open?';
  }

  /** Drops a connection that deserves no answer. */
  #abandon(reason: string): void {
    this.#end({ source: 'idle', space: 'transport', code: 0, reason });
    this.#release();
  }

  #end(close: QuicClose): void {
    const state = this.#state;
    if (state.phase === 'ended') return;
    this.#state = { phase: 'ended' };
    this.#host.meter.ended(state.phase === 'open' ? 'established' : 'connecting', close);
    if (state.phase === 'open') state.events.onClosed(close);
    else this.#host.failed(this, close);
  }

  #release(): void {
    if (this.#released) return;
    this.#released = true;
    this.#deadline.clear();
    this.#host.meter.released(this);
    this.#host.released(this);
  }
}
