import type { Buffer } from 'node:buffer';
import { randomInt } from 'node:crypto';
import { batching } from './batching.ts';
import { closeCause, NO_ANSWER } from './cause.ts';
import { BAD_CERTIFICATE, INTERNAL_ERROR, NO_ERROR, PROTOCOL_VIOLATION } from './close-reason.ts';
import { Closing } from './closing.ts';
import type { ConnectionHost } from './connection-host.ts';
import { connectionTag } from './connection-tag.ts';
import { Deadline } from './deadline.ts';
import { collectYoung, leftBehind, moved } from './engine-memory.ts';
import { Liveness } from './liveness.ts';
import type { ConnectionFigures } from './meter.ts';
import { type EngineAddress, type EngineConnection, type EngineRecvInfo, errorText } from './native.ts';
import { offence } from './offenders.ts';
import { Opening } from './opening.ts';
import type { QuicOptions } from './options.ts';
import { Output } from './output.ts';
import { PeerAddress } from './peer-address.ts';
import { certificateMismatch, type LeafFacts, leafFacts } from './peer-name.ts';
import type { Blame, QuicClose, QuicStreams, Role } from './port.ts';
import { Serving } from './serving.ts';
import { StreamCalls } from './stream-calls.ts';
import { Streams } from './streams.ts';
import { type Traffic, trafficOf } from './traffic.ts';
import { type Breach, Watch } from './watch.ts';

/** With more than this to send, bytes, the other end has something to do anyway, and what is more urgent may be delivered yet. */
const BULK = 128 * 1024;

/**
 * The way of a connection. `handshaking`: not yet authenticated. `open`: events are delivered. `ended`: over for the
 * owner, while the engine waits for stray packets.
 */
type State =
  | { readonly phase: 'handshaking'; readonly opening: Opening }
  | { readonly phase: 'open'; readonly serving: Serving }
  | { readonly phase: 'ended' };

/**
 * One QUIC connection: datagrams in, events out, datagrams out, timer set again. All of it happens in
 * {@link QuicConnection.process}, once per turn of the event loop, after every waiting datagram was taken in.
 */
export class QuicConnection extends StreamCalls implements QuicStreams {
  readonly role: Role;
  /** A number for log lines. */
  readonly id: number = randomInt(2 ** 47);
  #tag = '';
  readonly #engine: EngineConnection;
  readonly #options: QuicOptions;
  readonly #host: ConnectionHost;
  readonly #output: Output;
  readonly #deadline: Deadline;
  readonly #liveness: Liveness;
  readonly #peer = new PeerAddress();
  readonly #watch: Watch;
  #state: State;
  #closing: Closing | undefined;
  #peerCertificate: LeafFacts | undefined;
  #released = false;
  #engineDue = Number.POSITIVE_INFINITY;

  /** `handshakeBytes`: most that the peer may send in Handshake packets. */
  constructor(
    engine: EngineConnection,
    role: Role,
    options: QuicOptions,
    host: ConnectionHost,
    handshakeBytes?: number,
  ) {
    super();
    this.#engine = engine;
    this.role = role;
    this.#options = options;
    this.#host = host;
    const now = host.clock();
    this.#output = new Output(
      engine,
      options,
      role,
      now,
      (datagram, to, at) => this.#transmit(datagram, to, at),
      (message) => host.warn(this, message),
    );
    this.#deadline = new Deadline(host.clock, () => host.schedule(this));
    this.#liveness = new Liveness(options.keepAliveInterval, role === 'client', now, {
      ping: () => this.#output.ping(),
      repeat: (datagram) => this.#repeat(datagram),
      onSilent: (silent) => host.changed(this, silent ? 'silent' : 'answering'),
    });
    this.#watch = new Watch(options, now);
    this.#state = { phase: 'handshaking', opening: new Opening(role, options, handshakeBytes, now) };
    if (options.keyLogFile !== undefined) engine.setKeylog(options.keyLogFile);
  }

  protected override get streams(): Streams | undefined {
    return this.#state.phase === 'open' ? this.#state.serving.streams : undefined;
  }

  protected override get isClosing(): boolean {
    return this.#closing !== undefined;
  }

  protected override schedule(): void {
    this.#output.demand();
    this.#host.schedule(this);
  }

  protected override deliverSoon(): void {
    if (this.#state.phase === 'open') this.#state.serving.resumed();
    this.schedule();
  }

  protected override insist(): void {
    this.#output.insist();
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

  /** Cancelled streams have left so much behind that another connection would do better. */
  get isWorn(): boolean {
    return this.streams?.abandoned.isTooMuch === true;
  }

  /** What it has moved so far. */
  get traffic(): Traffic {
    return trafficOf(this.#engine);
  }

  /** How it is now. */
  get figures(): ConnectionFigures {
    return this.#output.figures(this.streams?.sending);
  }

  /** What the peer presented in the handshake. */
  get peerCertificate(): LeafFacts | undefined {
    return this.#peerCertificate;
  }

  /** Takes in a datagram; what follows from it happens in {@link process}. */
  receive(datagram: Buffer, info: EngineRecvInfo): void {
    if (this.#released) return;
    if (!this.#peer.mayBeAt(info.from, this.#mayMove)) {
      this.#host.refused('other_address', info.from);
      return;
    }
    if (!this.#admits(datagram)) {
      this.#host.refused('handshake_bytes', info.from);
      this.#abandon('the peer sent more than a handshake takes');
      return;
    }
    moved(datagram.length);
    this.#closing?.answer(this.#repeat);
    const before = this.#state.phase === 'handshaking' ? this.#host.clock() : 0;
    const packets = this.#watch.isStrict ? this.#engine.stats().recv : -1;
    this.#peer.receive(this.#engine, datagram, info);
    if (packets < 0 || this.#engine.stats().recv > packets) this.#watch.received(datagram);
    this.#output.received(datagram.length);
    if (this.#state.phase === 'open') this.#state.serving.received();
    else if (this.#state.phase === 'handshaking') this.#state.opening.read(this.#host.clock() - before);
    this.#host.schedule(this);
  }

  /**
   * Whether the handshake's bounds allow for a datagram. An end that was busy for a while finds the peer's flight many
   * times over: when that has completed the handshake already, the rest of it costs nothing any more.
   */
  #admits(datagram: Buffer): boolean {
    if (this.#state.phase !== 'handshaking' || this.#engine.isEstablished()) return true;
    return this.#state.opening.admit(datagram);
  }

  /** Does all that is due: delivers, sends, sets the timer. */
  process(): void {
    if (this.#released) return;
    const { sentBytes } = this.#output;
    try {
      const now = this.#host.clock();
      this.#advance(now);
      collectYoung(now, this.#output.sentBytes > sentBytes && this.streams?.isPeersTurn === true);
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

  close(errorCode: number, reason: string, blame?: Blame): void {
    if (blame !== undefined && this.#closing === undefined) this.#blame(blame);
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

  /** Ends an attempt to connect that is not needed any more, and tells the peer. */
  withdraw(reason: string): void {
    this.#close(false, NO_ERROR, reason);
  }

  /**
   * There is reason to doubt that the peer can be reached: it is asked at once. When it has not answered after
   * `patience` (ms, by default about a second), the host is told.
   */
  question(patience?: number): void {
    if (this.#state.phase !== 'open' || this.#closing !== undefined) return;
    this.#liveness.question(this.#host.clock(), patience);
    this.schedule();
  }

  #close(application: boolean, errorCode: number, reason: string): void {
    if (this.#closing !== undefined || this.#state.phase === 'ended') return;
    this.#closing = new Closing(application, errorCode, reason);
    this.schedule();
  }

  #advance(now: number): void {
    if (now >= this.#engineDue) this.#timedOut(now);
    this.#sendReady(now);
    if (this.#closing === undefined) {
      if (this.#state.phase === 'handshaking') this.#shakeHands(this.#state.opening, now);
      if (this.#state.phase === 'open') this.#serve(this.#state.serving, now);
    }
    if (this.#released) return;
    if (this.#flush(now)) this.#host.schedule(this);
    if (this.#closing === undefined) this.streams?.makeKnown();
    if (this.#state.phase === 'open') this.#liveness.hear(this.#output.heardAt);
    this.streams?.sending.emitDrains();
    this.#conclude(now);
  }

  /** What is ready leaves before what came is delivered: the other end need not wait for what that takes here. */
  #sendReady(now: number): void {
    const sending = this.streams?.sending;
    if (this.#closing !== undefined || sending?.hasReady !== true || sending.byteLength > BULK) return;
    this.#flush(now);
    batching.flush();
  }

  #conclude(now: number): void {
    const closing = this.#closing;
    const draining = this.#engine.isDraining();
    const over = this.#engine.isClosed() || (!draining && closing?.isInVain(now) === true);
    if (over || draining) {
      if (closing === undefined && this.#state.phase === 'open') this.#state.serving.deliverLast();
      this.#end(closeCause(this.#engine, this.#options.peerName, this.#silence()));
      closing?.repeat(now, this.#repeat);
    }
    const mayGo = over || (this.#host.leaving && this.#state.phase === 'ended');
    if (mayGo && closing?.isOver !== false) this.#release();
    else this.#arm(now);
  }

  /**
   * True: there is more, for the next turn. The end comes last: once the engine knows of it, it sends nothing else, and
   * as long as something else waits in a packet number space of the handshake, not even that.
   */
  #flush(now: number): boolean {
    const closing = this.#closing;
    if (closing === undefined) return this.#output.flush(this.streams?.sending, now, false);
    if (!closing.told) {
      this.#output.flush(this.streams?.sending, now, true);
      closing.tell(this.#engine, now);
    }
    return this.#output.flush(undefined, now, true);
  }

  #timedOut(now: number): void {
    this.#output.timedOut(now);
    this.#engine.onTimeout();
  }

  #shakeHands(opening: Opening, now: number): void {
    if (this.#engine.isEstablished()) this.#authenticate();
    else if (now >= opening.until) this.#abandon(this.#silence());
    else for (const datagram of opening.repeat(now, this.#output.sentBytes)) this.#repeat(datagram);
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
    const streams = new Streams(this.#engine, this.role, this.#options, events, {
      cancellations: this.#host.cancellations(this),
      onKept: () => {
        this.#host.meter.placesKept++;
      },
    });
    this.#state = { phase: 'open', serving: new Serving(this.#engine, streams, events, this.#host.clock()) };
    events.onStreamsAvailable();
  }

  /**
   * A peer whose connection ID is empty has nothing to retire when NAT gives it another address. All others stay where
   * they are: the engine can be made to retire connection IDs for ever (CVE-2025-7054).
   */
  readonly #mayMove = (): boolean =>
    this.#state.phase !== 'handshaking' && this.#engine.destinationId().length === 0;

  #serve(serving: Serving, now: number): void {
    const { streams } = serving;
    const breach = this.#watch.breach(streams, this.#output, now);
    if (breach !== undefined) this.#accuse(breach);
    const { pieces } = streams;
    if (serving.advance(now, this.#host.mostDelivery)) this.#host.schedule(this);
    this.#options.onDelivered?.();
    if (streams.pieces !== pieces) this.#output.demand();
    if (now >= streams.starvedAt(now)) {
      this.#close(false, INTERNAL_ERROR, 'the peer allows no more streams, though none is open');
    }
    this.#liveness.advance(now, this.#output.heardAt, this.#output.rtt);
  }

  #blame(blame: Blame): void {
    this.#host.blamed(this, offence(blame, this.streams?.everOpened ?? 0));
  }

  #accuse({ reason, text }: Breach): void {
    const peer = this.#output.lastAddress;
    if (peer !== undefined) this.#host.refused(reason, peer);
    this.#blame('flood');
    this.#close(false, PROTOCOL_VIOLATION, text);
  }

  #transmit(datagram: Buffer, to: EngineAddress, now: number): boolean {
    if (this.#state.phase === 'handshaking') this.#state.opening.sent(datagram, now);
    else if (!this.#output.isAnswering) this.#liveness.sent(datagram, now, this.#output.heardAt);
    this.#closing?.sent(datagram);
    moved(datagram.length);
    return this.#host.transmit(datagram, this.#peer.current ?? to);
  }

  readonly #repeat = (datagram: Buffer): void => {
    const to = this.#peer.current ?? this.#output.lastAddress;
    if (to !== undefined) this.#host.transmit(datagram, to);
  };

  #arm(now: number): void {
    const timeout = this.#engine.timeout();
    this.#engineDue = timeout === null ? Number.POSITIVE_INFINITY : now + Math.max(1, timeout);
    let due = Math.min(this.#engineDue, this.#output.due);
    if (this.#closing !== undefined) due = Math.min(due, this.#closing.due(this.#state.phase === 'ended'));
    else if (this.#state.phase === 'handshaking') {
      const { opening } = this.#state;
      this.#engineDue = Math.max(this.#engineDue, opening.engineWaitsUntil);
      due = Math.min(this.#engineDue, this.#output.due, opening.due);
    } else if (this.#state.phase === 'open') {
      due = Math.min(due, this.#liveness.due, this.#state.serving.due(now));
    }
    this.#deadline.set(due);
  }

  #silence(): string {
    if (this.#state.phase !== 'handshaking') {
      return `nothing was heard from the peer for max_idle_timeout (${this.#options.maxIdleTimeout} ms)`;
    }
    return this.#output.heardAt > 0 ? 'the handshake did not complete in time' : NO_ANSWER;
  }

  /** Drops a connection that deserves no answer. */
  #abandon(reason: string): void {
    this.#end({ source: 'idle', space: 'transport', code: 0, reason });
    this.#release();
  }

  #end(close: QuicClose): void {
    const state = this.#state;
    if (state.phase === 'ended') return;
    leftBehind(state.phase === 'handshaking' ? state.opening.weight : state.serving.weight);
    if (state.phase === 'open') state.serving.streams.ended(this.#host.clock());
    this.#state = { phase: 'ended' };
    this.#host.meter.ended(this, state.phase === 'open' ? 'established' : 'connecting', close);
    if (state.phase === 'open') state.serving.events.onClosed(close);
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
