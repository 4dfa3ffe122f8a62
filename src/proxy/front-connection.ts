import type { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { Link } from '../bytes/linked-list.ts';
import type { Deadline } from './deadlines.ts';
import { asRejection, closingMessage, Rejection, synthetic } from './failures.ts';
import { forwardedElement } from './forwarded.ts';
import type { FrontContext } from './front-context.ts';
import { type ExchangeOwner, FrontExchange } from './front-exchange.ts';
import { FrontInput, type InputEvents } from './front-input.ts';
import { FrontUpgrade } from './front-upgrade.ts';
import { httpDate } from './http-date.ts';
import type { ContentEnd } from './message-parser.ts';
import { Outlet } from './outlet.ts';
import { RequestAccount } from './request-account.ts';
import type { Http1Request } from './request-head.ts';
import { SharedReading } from './shared-reading.ts';
import { requestedProtocol } from './upgrade.ts';

/**
 * One connection of an HTTP/1.1 client: its requests in their order, one at a time (RFC 9112 §9.3.2), and its end.
 */
export class FrontConnection extends Link implements ExchangeOwner, InputEvents {
  readonly socket: Socket;
  readonly outlet: Outlet;
  readonly forwarded: string | undefined;
  readonly #context: FrontContext;
  readonly #input: FrontInput;
  readonly #reading: SharedReading;
  readonly #connectedAt = performance.now();
  #isNew = true;
  #exchange: FrontExchange | undefined;
  /** The latest request has no content: the next is likely to have none. */
  #isBare = false;
  /** A request to be upgraded, whose end is waited for. */
  #upgrade: { readonly request: Http1Request; readonly protocol: string } | undefined;
  /** `ending`: nothing more is read or written. `refused`: neither, but the client may not have noticed. */
  #state: 'open' | 'ending' | 'refused' | 'upgraded' = 'open';
  #isHeadComing = true;
  /** For the head of a request, or for the first byte of one. */
  #deadline: Deadline<FrontConnection>;
  #linger: NodeJS.Timeout | undefined;
  /** What every request is answered. */
  #refusal: Rejection | undefined;

  constructor(socket: Socket, context: FrontContext) {
    super();
    this.socket = socket;
    this.outlet = new Outlet(socket);
    this.#context = context;
    this.forwarded = context.addForwarded ? forwardedElement(hopOf(socket), 'http') : undefined;
    this.#input = new FrontInput(socket, context, this);
    context.connections.add(this);
    context.idle.add(this);
    this.#deadline = context.headsComing.start(this);
    this.#reading = new SharedReading(socket, this.#onData);
    socket.on('end', this.#onEnd);
    socket.on('drain', this.#onDrain);
    socket.on('error', ignore);
    socket.on('close', () => this.#onClosed());
    this.#input.next();
  }

  onHead(request: Http1Request): ContentEnd {
    this.#stopWaiting();
    this.#isNew = false;
    this.#context.idle.delete(this);
    const protocol = requestedProtocol(request);
    if (protocol !== undefined && this.#refusal === undefined) {
      this.#upgrade = { request, protocol };
      return 0;
    }
    this.#exchange = new FrontExchange(request, this, this.#context);
    this.#context.inFlight++;
    const end = this.#exchange.start(
      this.#refusal ?? (request.method === 'CONNECT' ? CONNECT_REFUSED : undefined),
    );
    this.#isBare = end === 0;
    return end;
  }

  onContent(content: Buffer): void {
    this.#exchange?.onContent(content);
  }

  onRequestEnd(trailers: readonly string[]): void {
    if (this.#upgrade === undefined) this.#exchange?.onRequestEnd(trailers);
    else this.#startUpgrade(this.#upgrade.request, this.#upgrade.protocol);
  }

  /** What comes cannot be read: content of the request that is served, or the next one. */
  onFault(error: unknown): void {
    if (!(error instanceof Rejection))
      this.#context.logger.error({ err: error }, 'a request failed unexpectedly');
    const rejection = asRejection(error);
    if (this.#exchange === undefined) this.#refuseUnread(rejection);
    else this.#exchange.fail(rejection);
  }

  /** The head of a request has not come in time. */
  onHeadLate(): void {
    if (this.#isNew && this.#input.isIdle) this.socket.destroy();
    else this.#refuseUnread(HEAD_TOO_SLOW);
  }

  /** No request has come for as long as a connection is kept. */
  onIdleLong(): void {
    if (this.#input.isIdle) this.#close();
  }

  /**
   * The front closes: a connection without request goes, unless one is on its way, of a client that has just connected
   * or had no reason to expect the end.
   */
  closeIfIdle(): void {
    if (this.#exchange !== undefined || this.#state !== 'open') return;
    this.#linger = setTimeout(() => {
      if (this.#input.isIdle) this.#close();
      else this.linger();
    }, FAREWELL);
  }

  /** There are more connections than there may be: what it asks is refused. */
  turnAway(): void {
    this.#refusal = TOO_MANY_CONNECTIONS;
    this.#context.connections.delete(this);
    this.#context.idle.delete(this);
    this.#context.turnedAway.add(this);
  }

  /** Closes if nobody would miss it. False: a request is on its way. */
  leaveIfIdle(): boolean {
    if (this.#exchange !== undefined || this.#state !== 'open' || !this.#input.isIdle) return false;
    // Whoever has just connected is about to ask.
    if (this.#isNew && performance.now() < this.#connectedAt + SETTLING) return false;
    this.#context.connections.delete(this);
    this.#context.idle.delete(this);
    this.#close();
    return true;
  }

  hold(): void {
    this.#input.hold();
  }

  release(): void {
    this.#input.release();
  }

  refuse(rejection: Rejection, account: RequestAccount): void {
    if (this.#state === 'refused') return;
    this.#state = 'refused';
    this.#stopWaiting();
    const { status, message } = rejection;
    this.#context.logger.warn({ ...account.details, status }, message);
    const answer = synthetic('client', status, message, account.id);
    const withBody = account.method !== 'HEAD';
    this.outlet.flush();
    this.socket.end(closingMessage(answer, httpDate(), withBody));
    account.answered(status);
    if (withBody) account.responseBytes += answer.body.length;
    // RFC 9112 §9.6: closed at once, unread bytes would make the kernel send a reset that overtakes the response.
    this.linger();
    this.#input.discard();
  }

  cut(closeDelimited: boolean): void {
    if (closeDelimited) this.socket.resetAndDestroy();
    else this.socket.destroy();
  }

  linger(): void {
    this.#lingerStep(LINGER_STEPS, FLUSH_STEPS);
  }

  onOver(exchange: FrontExchange): void {
    if (this.#exchange !== exchange) return;
    this.#exchange = undefined;
    this.#context.inFlight--;
    if (this.#state !== 'open') return;
    clearTimeout(this.#linger);
    this.#linger = undefined;
    if (this.#context.connections.has(this)) this.#context.idle.add(this);
    if (!exchange.persists || this.#context.closing) this.#close();
    else if (this.socket.writableNeedDrain) this.linger();
    else this.#next();
  }

  readonly #onData = (bytes: Buffer): void => {
    this.#input.push(bytes);
    this.#watchHead();
  };

  readonly #onEnd = (): void => {
    const wasOpen = this.#state === 'open';
    if (wasOpen) this.#state = 'ending';
    this.#exchange?.onClientGone();
    if (wasOpen) this.#close();
  };

  // The client takes more of the response, or has taken enough of the last one to be given another.
  readonly #onDrain = (): void => {
    if (this.#exchange !== undefined) this.#exchange.onRoom();
    else if (this.#state === 'open') this.#next();
  };

  #next(): void {
    clearTimeout(this.#linger);
    if (this.#isBare) this.#reading.share();
    if (this.#input.isIdle) {
      this.#deadline.leave();
      this.#deadline = this.#context.idleLong.start(this);
    }
    this.#input.next();
    this.#watchHead();
  }

  // The head of a request mostly comes as a whole, and nobody has to wait for more of it.
  #watchHead(): void {
    if (this.#isHeadComing || this.#exchange !== undefined || this.#state !== 'open' || this.#input.isIdle)
      return;
    this.#isHeadComing = true;
    this.#deadline.leave();
    this.#deadline = this.#context.headsComing.start(this);
  }

  #stopWaiting(): void {
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#deadline.leave();
    this.#isHeadComing = false;
  }

  #startUpgrade(request: Http1Request, protocol: string): void {
    this.#state = 'upgraded';
    this.outlet.flush();
    this.#reading.leave();
    this.socket.off('end', this.#onEnd);
    this.socket.off('drain', this.#onDrain);
    new FrontUpgrade(request, protocol, this, this.#context).start(this.#input.take());
  }

  // As long as the client takes what was written, it may; broken off before, it must not look complete.
  #lingerStep(stepsLeft: number, flushStepsLeft: number): void {
    const { bytesRead, writableLength } = this.socket;
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      const unsent = this.socket.writableLength;
      if (unsent > 0 && flushStepsLeft === 1) this.socket.resetAndDestroy();
      else if (unsent > 0)
        this.#lingerStep(stepsLeft, unsent < writableLength ? FLUSH_STEPS : flushStepsLeft - 1);
      else if (this.socket.bytesRead === bytesRead || stepsLeft === 1) this.socket.destroy();
      else this.#lingerStep(stepsLeft - 1, FLUSH_STEPS);
    }, LINGER_STEP);
  }

  // What came could not be read as a request.
  #refuseUnread(rejection: Rejection): void {
    const account = new RequestAccount(this.#context.observer, '', '', []);
    this.refuse(rejection, account);
    account.over('failed');
  }

  // Once all that was written has gone out. Closed with bytes unread, it could be lost: see `refuse`.
  #close(): void {
    this.#state = 'ending';
    this.#stopWaiting();
    this.outlet.flush();
    if (this.#input.isIdle) this.socket.end(() => this.socket.destroy());
    else this.socket.end();
    this.linger();
    this.#input.discard();
  }

  #onClosed(): void {
    this.#stopWaiting();
    this.#state = 'ending';
    for (const list of [this.#context.connections, this.#context.idle, this.#context.turnedAway])
      list.delete(this);
    this.#exchange?.onClientGone();
  }
}

function hopOf(socket: Socket) {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  return { remoteAddress, remotePort, localAddress, localPort };
}

function ignore(): void {
  // 'close' follows.
}

// How long a client may go on sending what is not wanted any more: until it pauses, or so many steps of so many
// milliseconds.
const LINGER_STEPS = 5;
const LINGER_STEP = 1000;

// How many steps a client may take nothing of what was written for it.
const FLUSH_STEPS = 60;

// How long a new connection may take to its first request before it counts as idle, milliseconds.
const SETTLING = 1000;

// How long a connection without request is kept when the front closes, milliseconds.
const FAREWELL = 250;

const TOO_MANY_CONNECTIONS = new Rejection(503, 'too many connections');
const CONNECT_REFUSED = new Rejection(405, 'CONNECT is not allowed');
const HEAD_TOO_SLOW = new Rejection(408, 'the request takes too long');
