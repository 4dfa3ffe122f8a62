import { Code } from '../h3/codes.ts';
import type { SessionOptions } from '../h3/options.ts';
import type { Session, SessionEvents } from '../h3/port.ts';
import { createSession } from '../h3/session.ts';
import type { Condition, QuicClose, QuicEvents, QuicStreams } from '../quic/port.ts';
import type { Contract } from './contract.ts';
import type { Contracts, PeerCertificate } from './contracts.ts';
import type { Logger } from './failures.ts';
import { prime } from './priming.ts';
import { Repeats } from './repeats.ts';
import type { Carrier } from './tunnel.ts';

/** A QUIC connection with the number that log lines know it by, and the tag that the other end has for it, too. */
export interface NumberedConnection extends QuicStreams, Carrier {
  /** Smoothed round-trip time, milliseconds; 0 before the first sample. */
  readonly rtt: number;
  /** Cancelled streams have left so much behind that another connection would do better. */
  readonly isWorn: boolean;
  /** What it has moved so far. */
  readonly traffic: { readonly sentBytes: number };
  /** What the peer presented; `undefined` when it is not verified and cannot be read. */
  readonly peerCertificate: PeerCertificate | undefined;
}

/** What an attempt to connect tells. Exactly one of the first two is called. */
export interface ConnectEvents {
  onConnection(connection: NumberedConnection, address: string): QuicEvents;
  onFailed(close: QuicClose, address: string): void;
  onCondition(condition: Condition): void;
}

/** Starts an attempt to connect to the peer. */
export type Connect = (events: ConnectEvents) => void;

/** A session, and the connection under it. */
export interface Link {
  readonly session: Session;
  readonly connection: NumberedConnection;
  /** What the server says of itself; `undefined` before it has, and when it is of another make. */
  readonly contract: Contract | undefined;
}

/** How to connect. Times in milliseconds. */
export interface ConnectorOptions {
  /** From the start of an attempt to connect to the start of the next, at least. */
  readonly connectInterval: number;
  readonly session: SessionOptions;
  readonly contracts: Contracts;
  /** Bytes of padding for a server of our make. */
  readonly priming: number;
}

/** What a connector tells its owner. */
export interface ConnectorEvents {
  /** The server's SETTINGS are there: requests may go out. Nothing was told of this link before. */
  onReady(link: Link): void;
  /** An attempt came to nothing; `news` unless the same was told a short while ago. The next one follows by itself. */
  onAttemptFailed(reason: string, close: QuicClose, news: boolean): void;
  onStreamsAvailable(): void;
  onGoAway(link: Link): void;
  onIdle(session: Session): void;
  /** Something that a link which is ready may be replaced for. */
  onCondition(link: Link, condition: Condition): void;
  /** A link that was ready has ended. */
  onLost(link: Link, close: QuicClose): void;
}

/** An attempt to connect, and what came of it. */
interface Attempt {
  link: Link | undefined;
}

/** `idle`: no session is wanted. `attempting`: until the server's SETTINGS are there. `pausing`: between attempts. */
type State =
  | { readonly phase: 'idle' | 'stopped' }
  | { readonly phase: 'attempting'; readonly attempt: Attempt }
  | { readonly phase: 'pausing'; readonly timer: NodeJS.Timeout };

/** After an attempt that led to a session, the next one need not wait longer than this, milliseconds. */
const SETTLED = 1000;

/** Gets sessions: makes one attempt to connect at a time, and the next at a bounded rate, until one is ready. */
export class Connector {
  #connect: Connect;
  #options: ConnectorOptions;
  readonly #events: ConnectorEvents;
  readonly #logger: Logger;
  readonly #clock: () => number;
  /** Sessions that are not over. */
  readonly #sessions = new Set<Session>();
  readonly #failures: Repeats;
  #state: State = { phase: 'idle' };
  #attemptedAt = Number.NEGATIVE_INFINITY;
  /** Before this the next attempt does not start. */
  #pausesUntil = Number.NEGATIVE_INFINITY;
  /** The settings changed while an attempt with the former ones was under way. */
  #outdated = false;
  /** The last connection was lost before it was ready, as when the server refuses our certificate. */
  #doubtful = false;

  constructor(
    connect: Connect,
    options: ConnectorOptions,
    events: ConnectorEvents,
    logger: Logger,
    clock: () => number,
  ) {
    this.#connect = connect;
    this.#options = options;
    this.#events = events;
    this.#logger = logger;
    this.#clock = clock;
    this.#failures = new Repeats(clock);
  }

  /** Gets another session. Does nothing while one is being got. */
  want(): void {
    if (this.#state.phase !== 'idle') return;
    if (this.#pausesUntil > this.#clock()) this.#pause();
    else this.#attempt();
  }

  /** A session is not wanted after all; an attempt that is under way goes on. */
  unwant(): void {
    if (this.#state.phase !== 'pausing') return;
    clearTimeout(this.#state.timer);
    this.#state = { phase: 'idle' };
  }

  /** Gets another session, by other settings from now on. */
  reconfigure(connect: Connect, options: ConnectorOptions): void {
    this.#connect = connect;
    this.#options = options;
    if (this.#state.phase === 'attempting') this.#outdated = true;
    else this.want();
  }

  /** Request streams that are not over, of all sessions. */
  get streams(): number {
    let count = 0;
    for (const session of this.#sessions) count += session.inFlight;
    return count;
  }

  /** Ends every session, and gets no more. */
  stop(): void {
    if (this.#state.phase === 'pausing') clearTimeout(this.#state.timer);
    this.#state = { phase: 'stopped' };
    for (const session of this.#sessions) session.close(Code.H3_NO_ERROR, 'shutting down');
  }

  #attempt(): void {
    const attempt: Attempt = { link: undefined };
    this.#state = { phase: 'attempting', attempt };
    this.#outdated = false;
    this.#attemptedAt = this.#clock();
    this.#pausesUntil = this.#attemptedAt + this.#options.connectInterval;
    this.#connect({
      onConnection: (connection, address) => this.#established(attempt, connection, address),
      onFailed: (close, address) =>
        this.#failed(attempt, `cannot connect to ${address}: ${close.reason}`, close),
      onCondition: (condition) => {
        if (attempt.link !== undefined && !this.#isUnderWay(attempt)) {
          this.#events.onCondition(attempt.link, condition);
        }
      },
    });
  }

  #pause(): void {
    const timer = setTimeout(() => this.#attempt(), Math.ceil(this.#pausesUntil - this.#clock()));
    this.#state = { phase: 'pausing', timer };
  }

  #established(attempt: Attempt, connection: NumberedConnection, address: string): QuicEvents {
    const level = this.#doubtful ? 'debug' : 'info';
    const { id, tag } = connection;
    this.#logger[level]({ connection: id, tag, address }, `connection ${id} established`);
    const { contracts, priming, session: options } = this.#options;
    const events: SessionEvents = {
      onReady: (others) => {
        const contract = contracts.heard(others, connection.id);
        link = { ...link, contract };
        if (contract !== undefined) prime(session, connection, priming);
        attempt.link = link;
        this.#becameReady(attempt, link);
      },
      onRequest: () => {
        throw new Error('a server made a request');
      },
      onStreamsAvailable: () => this.#events.onStreamsAvailable(),
      onGoAway: () => this.#events.onGoAway(link),
      onIdle: () => this.#events.onIdle(session),
      onClosed: (close) => this.#closed(attempt, link, close),
    };
    const { session, quicEvents } = createSession(connection, contracts.announcedIn(options), events);
    let link: Link = { session, connection, contract: undefined };
    this.#sessions.add(session);
    attempt.link = link;
    if (!this.#isUnderWay(attempt)) session.close(Code.H3_NO_ERROR, 'shutting down');
    return quicEvents;
  }

  #isUnderWay(attempt: Attempt): boolean {
    return this.#state.phase === 'attempting' && this.#state.attempt === attempt;
  }

  #becameReady(attempt: Attempt, link: Link): void {
    if (!this.#isUnderWay(attempt)) return;
    this.#state = { phase: 'idle' };
    this.#pausesUntil = Math.min(this.#pausesUntil, this.#attemptedAt + SETTLED);
    this.#failures.clear();
    this.#doubtful = false;
    this.#logger.info({ connection: link.connection.id }, 'tunnel ready');
    this.#events.onReady(link);
    if (this.#outdated) this.want();
  }

  #closed(attempt: Attempt, link: Link, close: QuicClose): void {
    this.#sessions.delete(link.session);
    if (this.#isUnderWay(attempt)) {
      this.#doubtful = true;
      this.#failed(attempt, `connection ${link.connection.id} lost: ${close.reason}`, close);
    } else this.#events.onLost(link, close);
  }

  #failed(attempt: Attempt, reason: string, close: QuicClose): void {
    if (this.#isUnderWay(attempt)) {
      if (this.#pausesUntil > this.#clock()) this.#pause();
      else this.#attempt();
    }
    this.#events.onAttemptFailed(reason, close, this.#failures.isNews(close.reason));
  }
}
