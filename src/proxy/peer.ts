import { Code } from '../h3/codes.ts';
import type { SessionOptions } from '../h3/options.ts';
import type { Session, SessionEvents } from '../h3/port.ts';
import { createSession } from '../h3/session.ts';
import type { QuicClose, QuicEvents, QuicStreams } from '../quic/port.ts';
import type { Logger } from './failures.ts';
import { Repeats } from './repeats.ts';
import type { StreamWaiter, Tunnel } from './tunnel.ts';
import { WaitingLine } from './waiting-line.ts';

/** A QUIC connection with the number that log lines know it by. */
export interface NumberedConnection extends QuicStreams {
  readonly id: number;
  /** Smoothed round-trip time, milliseconds; 0 before the first sample. */
  readonly rtt: number;
}

/** How the tunnel is: up, or down and why. `failure` is undefined until the first attempt to connect has ended. */
export type TunnelHealth =
  | { readonly up: true; readonly rtt: number }
  | { readonly up: false; readonly failure: string | undefined };

/** What an attempt to connect tells. Exactly one of the two is called. */
export interface ConnectEvents {
  onConnection(connection: NumberedConnection, address: string): QuicEvents;
  onFailed(close: QuicClose, address: string): void;
}

/** Starts an attempt to connect to the peer. */
export type Connect = (events: ConnectEvents) => void;

/** How the keeper behaves. Times in milliseconds. */
export interface PeerOptions {
  /** Pause between attempts to connect. */
  readonly connectInterval: number;
  /** How long a request waits for a tunnel that is down. */
  readonly holdTimeout: number;
  /** How long a request waits for a stream of a tunnel that is up. */
  readonly streamTimeout: number;
  /** Requests after which a session is replaced: the engine keeps a little of every stream that there ever was. */
  readonly requestsPerSession: number;
  readonly session: SessionOptions;
}

/** An attempt to connect, and the session that came of it. */
interface Attempt {
  session: Session | undefined;
}

/**
 * `connecting`: an attempt is under way, until the server's SETTINGS are there. `ready`: requests go out. `pausing`:
 * between attempts. `stopped`: for good.
 */
type State =
  | { readonly phase: 'connecting'; readonly attempt: Attempt }
  | { readonly phase: 'ready'; readonly session: Session; readonly connection: NumberedConnection }
  | { readonly phase: 'pausing'; readonly timer: NodeJS.Timeout }
  | { readonly phase: 'stopped' };

const NOT_ESTABLISHED = 'tunnel not established';
const NO_UPGRADES = 'the server end takes no upgrades';

/**
 * Keeps the session with the server: connects before the first request, connects again whenever the session is
 * lost or going away, and lets requests wait meanwhile. A session that is to be replaced is used until its successor
 * is ready.
 */
export class Peer implements Tunnel {
  #connect: Connect;
  #options: PeerOptions;
  readonly #logger: Logger;
  readonly #line: WaitingLine;
  /** Sessions that are up, the one in use and those that finish what they have. */
  readonly #sessions = new Set<Session>();
  #state: State = { phase: 'stopped' };
  /** The attempt whose session shall take over from the one in use. */
  #successor: Attempt | undefined;
  /** The settings changed while an attempt with the former ones was under way. */
  #outdated = false;
  /** Requests that the session in use was asked for. */
  #requests = 0;
  readonly #failures: Repeats;
  /** The last connection was lost before it was ready, as when the server refuses our certificate. */
  #doubtful = false;
  /** Why the tunnel was lost, or could not be had, most recently. */
  #failure: string | undefined;
  readonly #awaiting: (() => void)[] = [];
  #onSettled: (() => void) | undefined;

  constructor(connect: Connect, options: PeerOptions, logger: Logger, clock: () => number) {
    this.#connect = connect;
    this.#options = options;
    this.#logger = logger;
    this.#failures = new Repeats(clock);
    this.#line = new WaitingLine(clock, (waiter) => waiter.onUnavailable(this.#whyUnavailable(), 503));
    this.#setPatience();
  }

  /** Connects. Resolves when the first attempt has ended, well or badly. */
  start(): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
    this.#attempt();
    return settled;
  }

  /** Resolves when requests go out at once. */
  whenReady(): Promise<void> {
    if (this.#state.phase === 'ready') return Promise.resolve();
    return new Promise((resolve) => this.#awaiting.push(resolve));
  }

  get health(): TunnelHealth {
    return this.#state.phase === 'ready'
      ? { up: true, rtt: this.#state.connection.rtt }
      : { up: false, failure: this.#failure };
  }

  open(waiter: StreamWaiter): void {
    if (this.#state.phase === 'stopped') waiter.onUnavailable(NOT_ESTABLISHED, 503);
    // Nobody overtakes those who wait already.
    else if (this.#line.size > 0 || !this.#give(waiter)) this.#wait(waiter);
  }

  cancel(waiter: StreamWaiter): void {
    this.#line.leave(waiter);
  }

  /** Goes by other settings from now on, with a new session: the old one is used until that is ready. */
  reconfigure(connect: Connect, options: PeerOptions): void {
    this.#connect = connect;
    this.#options = options;
    this.#setPatience();
    if (this.#state.phase === 'connecting' || this.#successor !== undefined) this.#outdated = true;
    else this.replace();
  }

  /** Connects anew and, when that session is ready, lets the one in use finish what it has (make before break). */
  replace(): void {
    if (this.#state.phase !== 'ready' || this.#successor !== undefined) return;
    const attempt: Attempt = { session: undefined };
    this.#successor = attempt;
    this.#dial(attempt);
  }

  /** Ends every session and connects no more. Requests still in flight fail. */
  stop(): void {
    if (this.#state.phase === 'pausing') clearTimeout(this.#state.timer);
    this.#state = { phase: 'stopped' };
    this.#line.dismiss();
    for (const session of this.#sessions) session.close(Code.H3_NO_ERROR, 'shutting down');
  }

  #attempt(): void {
    this.#outdated = false;
    const attempt: Attempt = { session: undefined };
    this.#state = { phase: 'connecting', attempt };
    this.#dial(attempt);
  }

  #dial(attempt: Attempt): void {
    this.#connect({
      onConnection: (connection, address) => this.#established(attempt, connection, address),
      onFailed: (close, address) =>
        this.#ended(attempt, `cannot connect to ${address}: ${close.reason}`, close),
    });
  }

  #established(attempt: Attempt, connection: NumberedConnection, address: string): QuicEvents {
    const level = this.#doubtful ? 'debug' : 'info';
    this.#logger[level]({ connection: connection.id, address }, `connection ${connection.id} established`);
    const events: SessionEvents = {
      onReady: () => this.#becameReady(attempt, session, connection),
      onRequest: () => {
        throw new Error('a server made a request');
      },
      onStreamsAvailable: () => this.#serveLine(),
      onGoAway: () => this.#goingAway(session, connection.id),
      onIdle: () => this.#retire(session),
      onClosed: (close) => this.#closed(attempt, session, connection.id, close),
    };
    const { session, quicEvents } = createSession(connection, this.#options.session, events);
    this.#sessions.add(session);
    attempt.session = session;
    if (!this.#isAwaited(attempt)) session.close(Code.H3_NO_ERROR, 'shutting down');
    return quicEvents;
  }

  /** Whether the attempt is the one that is to give the session in use, or the next one. */
  #isAwaited(attempt: Attempt): boolean {
    return (
      this.#successor === attempt || (this.#state.phase === 'connecting' && this.#state.attempt === attempt)
    );
  }

  #becameReady(attempt: Attempt, session: Session, connection: NumberedConnection): void {
    if (!this.#isAwaited(attempt)) return;
    const former = this.#state;
    if (former.phase === 'pausing') clearTimeout(former.timer);
    this.#successor = undefined;
    this.#state = { phase: 'ready', session, connection };
    this.#requests = 0;
    this.#failures.clear();
    this.#doubtful = false;
    this.#logger.info({ connection: connection.id }, 'tunnel ready');
    this.#setPatience();
    this.#settled();
    for (const resolve of this.#awaiting.splice(0)) resolve();
    this.#serveLine();
    if (former.phase === 'ready') this.#hand(former.session);
    if (!this.#outdated) return;
    this.#outdated = false;
    this.replace();
  }

  /** A session that was replaced: it takes no more requests, and ends with the last that it has. */
  #hand(session: Session): void {
    session.goAway();
    this.#retire(session);
  }

  /** The server takes no more requests here: what is in flight goes on, and another session takes over. */
  #goingAway(session: Session, connection: number): void {
    if (this.#state.phase !== 'ready' || this.#state.session !== session) return;
    this.#failure = `connection ${connection} is going away`;
    this.#logger.info({ connection }, this.#failure);
    this.#connectOr(() => this.#attempt());
    this.#setPatience();
    this.#retire(session);
  }

  /** The session in use is of no more use: its successor, if there is one, is now waited for. */
  #connectOr(otherwise: () => void): void {
    const attempt = this.#successor;
    this.#successor = undefined;
    if (attempt === undefined) otherwise();
    else this.#state = { phase: 'connecting', attempt };
  }

  /** Ends a session that has done its work. It is for us to do so: only we know that every answer has arrived. */
  #retire(session: Session): void {
    const inUse = this.#state.phase === 'ready' && this.#state.session === session;
    const awaited =
      this.#successor?.session === session ||
      (this.#state.phase === 'connecting' && this.#state.attempt.session === session);
    if (!inUse && !awaited && session.inFlight === 0) {
      session.close(Code.H3_NO_ERROR, 'no request is left');
    }
  }

  #closed(attempt: Attempt, session: Session, connection: number, close: QuicClose): void {
    this.#sessions.delete(session);
    const message = `connection ${connection} lost: ${close.reason}`;
    if (this.#isAwaited(attempt)) {
      this.#doubtful = true;
      this.#ended(attempt, message, close);
    } else if (this.#state.phase === 'ready' && this.#state.session === session) {
      this.#connectOr(() => this.#pause());
      this.#failed(message, close);
    } else this.#logger.debug({ connection, close }, `connection ${connection} closed: ${close.reason}`);
  }

  /** An attempt came to nothing. */
  #ended(attempt: Attempt, message: string, close: QuicClose): void {
    if (this.#state.phase === 'stopped') this.#settled();
    else if (this.#successor === attempt) {
      this.#successor = undefined;
      this.#outdated = false;
      this.#report(message, close);
      setTimeout(() => this.replace(), this.#options.connectInterval).unref();
    } else {
      this.#pause();
      this.#failed(message, close);
    }
  }

  #pause(): void {
    const timer = setTimeout(() => this.#attempt(), this.#options.connectInterval);
    this.#state = { phase: 'pausing', timer };
  }

  /** The tunnel is down. */
  #failed(message: string, close: QuicClose): void {
    this.#settled();
    this.#failure = message;
    this.#report(message, close);
    this.#setPatience();
  }

  #setPatience(): void {
    const { holdTimeout, streamTimeout } = this.#options;
    this.#line.patience = this.#state.phase === 'ready' ? streamTimeout : holdTimeout;
  }

  // Told in full once; repetitions only show at level debug.
  #report(message: string, close: QuicClose): void {
    const level = this.#failures.isNews(close.reason) ? 'warn' : 'debug';
    this.#logger[level]({ source: close.source, code: close.code }, message);
  }

  #settled(): void {
    this.#onSettled?.();
    this.#onSettled = undefined;
  }

  /** True when the waiter has been answered. */
  #give(waiter: StreamWaiter): boolean {
    if (this.#state.phase !== 'ready') return false;
    if (waiter.isUpgrade && !this.#state.session.extendedConnect) {
      this.#line.leave(waiter);
      waiter.onUnavailable(NO_UPGRADES, 501);
      return true;
    }
    const stream = this.#state.session.request(waiter);
    if (stream === undefined) return false;
    if (++this.#requests === this.#options.requestsPerSession) this.replace();
    this.#line.leave(waiter);
    waiter.onStream(stream);
    return true;
  }

  #wait(waiter: StreamWaiter): void {
    if (!this.#line.join(waiter)) waiter.onUnavailable(this.#whyUnavailable(), 503);
  }

  #serveLine(): void {
    for (let waiter = this.#line.first; waiter !== undefined; waiter = this.#line.first) {
      if (!this.#give(waiter)) return;
    }
  }

  #whyUnavailable(): string {
    return this.#state.phase === 'ready' ? 'too many requests are waiting for the tunnel' : NOT_ESTABLISHED;
  }
}
