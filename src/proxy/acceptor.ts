import { setTimeout as pause } from 'node:timers/promises';
import { Code } from '../h3/codes.ts';
import type { SessionOptions } from '../h3/options.ts';
import type { Session, SessionEvents } from '../h3/port.ts';
import { createSession } from '../h3/session.ts';
import type { QuicClose, QuicEvents } from '../quic/port.ts';
import { Admission, type AdmissionLimits, type Run } from './admission.ts';
import type { NumberedConnection } from './connector.ts';
import type { Contract } from './contract.ts';
import type { Contracts, PeerFacts } from './contracts.ts';
import type { Logger } from './failures.ts';
import { FloodBudgets } from './flood-budgets.ts';
import type { RequestWatch } from './observer.ts';
import type { Origin } from './origin.ts';
import { prime } from './priming.ts';
import { Repeats } from './repeats.ts';

/** How often to look whether the clients have gone, and how long one without requests may stay, milliseconds. */
const POLL = 10;
const LINGER = 2000;

/** How long clients have to notice that they shall open no more requests, milliseconds: some round trips. */
const NOTICE = 1000;

/** How a server deals with its clients. */
export interface AcceptorOptions extends AdmissionLimits {
  readonly session: SessionOptions;
  readonly contracts: Contracts;
  /** Bytes of padding for a client of our make. */
  readonly priming: number;
  /** After so many requests a client of another make is asked to connect again. */
  readonly requestsPerSession: number;
  /** How long the head of a request may take to arrive, milliseconds. */
  readonly headTimeout: number;
  /** Whether to append a Forwarded element (RFC 7239). */
  readonly addForwarded: boolean;
}

/** A client that is connected. */
interface Client {
  readonly connection: NumberedConnection;
  readonly admission: Admission;
  contract: Contract | undefined;
  requests: number;
  asked: boolean;
}

/** The sessions of a server: one for each connection of a peer that proved who it is. */
export class Acceptor {
  #origin: Origin;
  #options: AcceptorOptions;
  readonly #logger: Logger;
  readonly #watch: RequestWatch;
  readonly #sessions = new Map<Session, Client>();
  readonly #refusals: Repeats;
  readonly #budgets: FloodBudgets;
  #headTimer: NodeJS.Timeout | undefined;

  /** `logger` is told of connections, `watch` of the requests on them. */
  constructor(origin: Origin, options: AcceptorOptions, logger: Logger, watch: RequestWatch) {
    this.#origin = origin;
    this.#options = options;
    this.#logger = logger;
    this.#watch = watch;
    this.#refusals = new Repeats(options.session.now);
    this.#budgets = new FloodBudgets(options.session.now);
  }

  /** Requests that are not over. */
  get inFlight(): number {
    let count = 0;
    for (const session of this.#sessions.keys()) count += session.inFlight;
    return count;
  }

  /** Of them, those that wait for their turn. */
  get waiting(): number {
    let count = 0;
    for (const { admission } of this.#sessions.values()) count += admission.waiting;
    return count;
  }

  /** Smoothed round-trip time of the newest session, milliseconds; 0 when there is none, or no sample. */
  get rtt(): number {
    return [...this.#sessions.values()].at(-1)?.connection.rtt ?? 0;
  }

  /** The clients that are connected, the newest last. */
  get remotes(): readonly PeerFacts[] {
    return [...this.#sessions.values()].map(({ connection, contract }) => ({
      connection: connection.id,
      certificate: connection.peerCertificate,
      contract,
    }));
  }

  onConnection(connection: NumberedConnection, address: string): QuicEvents {
    const { id, tag } = connection;
    this.#logger.info({ connection: id, tag, address }, `connection ${id} established (${address})`);
    const forwarded = this.#options.addForwarded ? `for="${address}";proto=http3` : undefined;
    const origin = this.#origin;
    const run: Run = ({ stream, account, fields }, onOver) =>
      origin.onRequest({ stream, account, forwarded }, fields, onOver);
    const admission = new Admission(this.#options, run, connection, this.#watch);
    const events: SessionEvents = {
      onReady: (others) => {
        const { contracts, priming } = this.#options;
        client.contract = contracts.heard(others, id);
        if (client.contract !== undefined) prime(session, connection, priming);
      },
      onRequest: (stream, fields) => {
        if (client.contract === undefined) this.#grewOlder(session, client);
        return admission.onRequest(stream, fields);
      },
      onStreamsAvailable: () => {},
      onIdle: () => {},
      onGoAway: () => this.#logger.debug({ connection: id }, `connection ${id}: the client is going away`),
      onClosed: (close) => {
        this.#sessions.delete(session);
        if (this.#sessions.size === 0) clearInterval(this.#headTimer);
        this.#closed(id, address, close);
      },
    };
    const client: Client = { connection, admission, contract: undefined, requests: 0, asked: false };
    const fingerprint = connection.peerCertificate?.fingerprint;
    const options: SessionOptions = {
      ...this.#options.contracts.announcedIn(this.#options.session),
      floodBudget:
        fingerprint === undefined ? undefined : this.#budgets.of(fingerprint, this.#options.maxRequests),
      onOversizedRequest: (stream) => admission.onOversized(stream),
    };
    const { session, quicEvents } = createSession(connection, options, events);
    this.#sessions.set(session, client);
    this.#watchHeads();
    return quicEvents;
  }

  /**
   * After {@link goAway}: resolves when every client has gone. It is for the client to close: only it knows that the
   * answers have arrived. One that has nothing in flight and stays nevertheless is waited for a little.
   */
  async emptied(): Promise<void> {
    let patience = LINGER;
    while (this.#sessions.size > 0 && patience > 0) {
      await pause(POLL);
      patience = this.inFlight > 0 ? LINGER : patience - POLL;
    }
  }

  /** A peer that did not prove who it is. Told in full once; repetitions only show at level debug. */
  onRefused(close: QuicClose, address: string): void {
    const details = { address, source: close.source, code: close.code };
    const host = address.slice(0, address.lastIndexOf(':'));
    const isWithdrawn = close.source === 'remote' && close.space === 'transport' && close.code === 0;
    if (close.source === 'idle' || isWithdrawn)
      this.#logger.debug(details, `connection from ${address} came to nothing: ${close.reason}`);
    else if (this.#refusals.isNews(`${host} ${close.reason}`))
      this.#logger.warn(details, `connection from ${address} refused: ${close.reason}`);
    else this.#logger.debug(details, `connection from ${address} refused: ${close.reason}`);
  }

  /**
   * Tells every client to open no more requests here; those in flight go on, and so do those that are on their way.
   * Clients that do not listen are refused after a while.
   */
  goAway(): void {
    this.#askToLeave([...this.#sessions.keys()]);
  }

  /**
   * Goes by other settings from now on. Clients that are connected are asked to connect again, which they do without
   * dropping anything: what was known of them may not be true any more.
   */
  reconfigure(origin: Origin, options: AcceptorOptions): void {
    this.#origin = origin;
    this.#options = options;
    this.goAway();
  }

  /** Ends every session. */
  stop(): void {
    for (const session of this.#sessions.keys()) session.close(Code.H3_NO_ERROR, 'shutting down');
  }

  /** Our own clients know when the engine has had enough of a session; others have to be told. */
  #grewOlder(session: Session, client: Client): void {
    const isOld = ++client.requests >= this.#options.requestsPerSession || client.connection.isWorn;
    if (!isOld || client.asked) return;
    client.asked = true;
    this.#askToLeave([session]);
  }

  #askToLeave(sessions: readonly Session[]): void {
    for (const session of sessions) session.announceGoAway();
    setTimeout(() => {
      for (const session of sessions) session.goAway();
    }, NOTICE).unref();
  }

  // Like the other quiet timers it is up to a quarter of the time late.
  #watchHeads(): void {
    if (this.#sessions.size > 1) return;
    this.#headTimer = setInterval(() => {
      for (const session of this.#sessions.keys()) session.dropPendingHeads(this.#options.headTimeout);
    }, this.#options.headTimeout / 4).unref();
  }

  #closed(id: number, address: string, close: QuicClose): void {
    const details = { connection: id, address, source: close.source, code: close.code };
    const orderly = close.space === 'application' && close.code === Code.H3_NO_ERROR;
    const message = `connection ${id} closed: ${close.reason}`;
    if (orderly) this.#logger.info(details, message);
    else this.#logger.warn(details, message);
  }
}
