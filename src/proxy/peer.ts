import { Code } from '../h3/codes.ts';
import type { Session } from '../h3/port.ts';
import type { Condition, QuicClose } from '../quic/port.ts';
import {
  type Connect,
  Connector,
  type ConnectorEvents,
  type ConnectorOptions,
  type Link,
} from './connector.ts';
import type { PeerFacts } from './contracts.ts';
import type { Logger } from './failures.ts';
import type { StreamWaiter, Tunnel } from './tunnel.ts';
import { WaitingLine } from './waiting-line.ts';
import { Wear } from './wear.ts';

/** How the tunnel is: up, or down and why. `failure` is undefined until the first attempt to connect has ended. */
export type TunnelHealth =
  | { readonly up: true; readonly rtt: number }
  | { readonly up: false; readonly failure: string | undefined };

/** How the keeper behaves. Times in milliseconds. */
export interface PeerOptions extends ConnectorOptions {
  /** How long a request waits for a tunnel that is down. */
  readonly holdTimeout: number;
  /** How long a request waits for a stream of a tunnel that is up. */
  readonly streamTimeout: number;
  /** Requests after which a session is replaced: the engine keeps a little of every stream that there ever was. */
  readonly requestsPerSession: number;
}

const NOT_ESTABLISHED = 'tunnel not established';
const NO_UPGRADES = 'the server end takes no upgrades';

/**
 * Keeps the session with the server: connects before the first request, connects again whenever the session is
 * lost or going away, and lets requests wait meanwhile. A session that is to be replaced is used until its successor
 * is ready.
 */
export class Peer implements Tunnel, ConnectorEvents {
  #options: PeerOptions;
  readonly #logger: Logger;
  readonly #line: WaitingLine;
  readonly #connector: Connector;
  /** The session in use; those that finish what they have are not. */
  #link: Link | undefined;
  #stopped = false;
  /** Why the session in use is not to be used for the moment. */
  #silence: string | undefined;
  readonly #wear: Wear;
  /** Why the tunnel was lost, or could not be had, most recently. */
  #failure: string | undefined;
  readonly #awaiting: (() => void)[] = [];
  #onSettled: (() => void) | undefined;

  constructor(connect: Connect, options: PeerOptions, logger: Logger, clock: () => number) {
    this.#options = options;
    this.#logger = logger;
    this.#connector = new Connector(connect, options, this, logger, clock);
    this.#wear = new Wear(
      () => this.#link?.session.inFlight ?? 0,
      () => this.#connector.want(),
    );
    this.#line = new WaitingLine(clock, (waiter) => waiter.onUnavailable(this.#whyUnavailable(), 503));
    this.#setPatience();
  }

  /** Connects. Resolves when the first attempt has ended, well or badly. */
  start(): Promise<void> {
    const settled = new Promise<void>((resolve) => {
      this.#onSettled = resolve;
    });
    this.#connector.want();
    return settled;
  }

  /** Resolves when requests go out at once. */
  whenReady(): Promise<void> {
    if (this.#usable !== undefined) return Promise.resolve();
    return new Promise((resolve) => this.#awaiting.push(resolve));
  }

  get health(): TunnelHealth {
    const link = this.#usable;
    return link === undefined
      ? { up: false, failure: this.#silence ?? this.#failure }
      : { up: true, rtt: link.connection.rtt };
  }

  /** The server that requests go to; `undefined` while the tunnel is down. */
  get remote(): PeerFacts | undefined {
    if (this.#link === undefined) return undefined;
    const { connection, contract } = this.#link;
    return { connection: connection.id, certificate: connection.peerCertificate, contract };
  }

  /** Request streams that are not over, of all sessions. */
  get streams(): number {
    return this.#connector.streams;
  }

  /** Requests that wait for the tunnel, or for a stream of it. */
  get waiting(): number {
    return this.#line.size;
  }

  open(waiter: StreamWaiter): void {
    if (this.#stopped) waiter.onUnavailable(NOT_ESTABLISHED, 503);
    // Nobody overtakes those who wait already.
    else if (this.#line.size > 0 || !this.#give(waiter)) this.#wait(waiter);
  }

  cancel(waiter: StreamWaiter): void {
    this.#line.leave(waiter);
  }

  /** Goes by other settings from now on, with a new session: the old one is used until that is ready. */
  reconfigure(connect: Connect, options: PeerOptions): void {
    this.#options = options;
    this.#setPatience();
    this.#connector.reconfigure(connect, options);
  }

  /** Ends every session and connects no more. Requests still in flight fail. */
  stop(): void {
    this.#stopped = true;
    this.#link = undefined;
    this.#wear.renew();
    this.#line.dismiss();
    this.#connector.stop();
  }

  onReady(link: Link): void {
    const former = this.#link;
    this.#link = link;
    this.#silence = undefined;
    this.#wear.renew();
    this.#setPatience();
    this.#settled();
    for (const resolve of this.#awaiting.splice(0)) resolve();
    this.onStreamsAvailable();
    if (former === undefined) return;
    former.session.goAway();
    this.onIdle(former.session);
  }

  onAttemptFailed(reason: string, close: QuicClose, news: boolean): void {
    this.#settled();
    if (this.#link === undefined) this.#failure = reason;
    this.#report(reason, close, news);
  }

  /** The server takes no more requests here: what is in flight goes on, and another session takes over. */
  onGoAway(link: Link): void {
    const { session, connection } = link;
    if (this.#link !== link) return;
    this.#down(`connection ${connection.id} is going away`);
    this.#logger.info({ connection: connection.id }, `connection ${connection.id} is going away`);
    this.onIdle(session);
  }

  /** Ends a session that has done its work. It is for us to do so: only we know that every answer has arrived. */
  onIdle(session: Session): void {
    if (this.#link?.session !== session && session.inFlight === 0) {
      session.close(Code.H3_NO_ERROR, 'no request is left');
    }
  }

  /**
   * While the server does not answer, requests wait: what is sent now may be lost with the session. What is in flight
   * goes on if it does answer again.
   */
  onCondition(link: Link, condition: Condition): void {
    if (this.#link !== link) return;
    const { id } = link.connection;
    if (condition === 'answering') {
      this.#answering(id);
      return;
    }
    this.#silence = `connection ${id} does not answer`;
    this.#logger.info({ connection: id }, `${this.#silence}: connecting anew`);
    this.#setPatience();
    this.#connector.want();
  }

  onLost(link: Link, close: QuicClose): void {
    const connection = link.connection.id;
    if (this.#link === link) {
      const reason = `connection ${connection} lost: ${close.reason}`;
      this.#down(reason);
      this.#report(reason, close, true);
    } else this.#logger.debug({ connection, close }, `connection ${connection} closed: ${close.reason}`);
  }

  onStreamsAvailable(): void {
    for (let waiter = this.#line.first; waiter !== undefined; waiter = this.#line.first) {
      if (!this.#give(waiter)) return;
    }
  }

  #answering(connection: number): void {
    this.#logger.info({ connection }, `connection ${connection} answers again`);
    this.#silence = undefined;
    this.#connector.unwant();
    this.#setPatience();
    this.onStreamsAvailable();
  }

  #down(reason: string): void {
    this.#link = undefined;
    this.#silence = undefined;
    this.#failure = reason;
    this.#setPatience();
    this.#connector.want();
  }

  get #usable(): Link | undefined {
    return this.#silence === undefined ? this.#link : undefined;
  }

  #setPatience(): void {
    const { holdTimeout, streamTimeout } = this.#options;
    this.#line.patience = this.#usable === undefined ? holdTimeout : streamTimeout;
  }

  // Told in full once; repetitions only show at level debug.
  #report(message: string, close: QuicClose, news: boolean): void {
    this.#logger[news ? 'warn' : 'debug']({ source: close.source, code: close.code }, message);
  }

  #settled(): void {
    this.#onSettled?.();
    this.#onSettled = undefined;
  }

  /** True when the waiter has been answered. */
  #give(waiter: StreamWaiter): boolean {
    const link = this.#usable;
    if (link === undefined) return false;
    const { session, connection } = link;
    if (waiter.isUpgrade && !session.extendedConnect) {
      this.#line.leave(waiter);
      waiter.onUnavailable(NO_UPGRADES, 501);
      return true;
    }
    const stream = session.request(waiter);
    if (stream === undefined) return false;
    this.#wear.asked(this.#options.requestsPerSession);
    if (connection.isWorn) this.#connector.want();
    this.#line.leave(waiter);
    waiter.onStream(stream, connection);
    return true;
  }

  #wait(waiter: StreamWaiter): void {
    if (!this.#line.join(waiter)) waiter.onUnavailable(this.#whyUnavailable(), 503);
  }

  #whyUnavailable(): string {
    return this.#usable === undefined ? NOT_ESTABLISHED : 'too many requests are waiting for the tunnel';
  }
}
