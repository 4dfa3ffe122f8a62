import type { IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { closingMessage, Rejection, synthetic } from './failures.ts';
import { forwardedElement } from './forwarded.ts';
import type { FrontContext } from './front-context.ts';
import { accountOf } from './front-dialogue.ts';
import { type ExchangeOwner, FrontExchange } from './front-exchange.ts';
import { FrontUpgrade } from './front-upgrade.ts';
import { httpDate } from './http-date.ts';
import { asksToClose } from './http1-fields.ts';
import { type ParserError, parserRejection } from './parser-errors.ts';
import { RequestAccount } from './request-account.ts';
import { requestedProtocol } from './upgrade.ts';

/**
 * One connection of an HTTP/1.1 client: its requests in their order, and its end. Pipelined requests (RFC 9112 §9.3.2)
 * wait until the response before them is written.
 */
export class FrontConnection implements ExchangeOwner {
  readonly #socket: Socket;
  readonly #context: FrontContext;
  readonly #exchanges = new Set<FrontExchange>();
  /** Those of them whose turn has not come. */
  readonly #waiting = new Set<FrontExchange>();
  readonly forwarded: string | undefined;
  /** Bytes that had been read when nothing was in flight: the next request begins there, or earlier. */
  #bytesBefore = 0;
  readonly #connectedAt = performance.now();
  /** What is to be answered behind the requests before it. */
  #pending: Rejection | undefined;
  #state: 'open' | 'closing-after-upload' | 'refused' | 'upgraded' = 'open';
  /**
   * A request that has to be the last one: it says so, or it asked for an upgrade and was given none. Behind that the
   * parser has stopped nonetheless, so that what was read along with it is lost.
   */
  #last: IncomingMessage | undefined;
  #linger: NodeJS.Timeout | undefined;
  /** What every request is answered. */
  #refusal: Rejection | undefined;

  constructor(socket: Socket, context: FrontContext) {
    this.#socket = socket;
    this.#context = context;
    this.forwarded = context.addForwarded ? forwardedElement(hopOf(socket), 'http') : undefined;
    // Before node:http hears of it and ends its own side in good order.
    socket.prependListener('end', () => this.#onGone());
    socket.on('close', () => this.#onClosed());
    // A message that is read on resumes the socket, though there may be enough to do without more.
    socket.on('resume', () => this.#holdIfCrowded());
    context.connections.add(this);
    context.idle.add(this);
    socket.on('error', ignore);
    // A head that no content comes with is a string to node:http, and one byte a character to us.
    socket.setDefaultEncoding('latin1');
    // node:http calls this behind the last response. While a request is still coming it would close the socket with
    // unread bytes, and the reset that follows could overtake the response.
    socket.destroySoon = () => this.#closeAfterUpload();
  }

  /** A request's head came. `rejection`: it is to be refused, in its turn. */
  onRequest(request: IncomingMessage, response: ServerResponse, rejection?: Rejection): void {
    if (this.#state === 'refused' || this.#pending !== undefined) return;
    if (this.#last !== undefined && this.#last !== request) return;
    if (asksToClose(request.rawHeaders)) this.#last = request;
    if (this.#last === request) response.shouldKeepAlive = false;
    if (this.#exchanges.size === 0) clearTimeout(this.#linger);
    const startByte = this.#exchanges.size === 0 ? this.#bytesBefore : this.#socket.bytesRead;
    const exchange = new FrontExchange(request, response, this, this.#context, startByte);
    const wrong = this.#refusal ?? (request.method === 'CONNECT' ? CONNECT_REFUSED : rejection);
    const isTooMany = this.#exchanges.size >= MAX_PIPELINED;
    if (isTooMany) this.#last = request;
    const reason = isTooMany ? TOO_MANY_PIPELINED : wrong;
    if (reason !== undefined) exchange.reject(reason);
    this.#exchanges.add(exchange);
    this.#context.idle.delete(this);
    this.#context.inFlight++;
    this.#holdIfCrowded();
    // node:http gives a response the socket when those before it are done.
    if (response.socket !== null) {
      exchange.start();
      return;
    }
    this.#waiting.add(exchange);
    response.once('socket', () => {
      this.#waiting.delete(exchange);
      exchange.start();
    });
  }

  /** The parser gave up. */
  onParserError(error: ParserError): void {
    if (this.#state === 'refused') return;
    const rejection = parserRejection(error, this.#socket.bytesRead);
    if (rejection === 'ignore') this.#endBehindLast();
    else if (rejection === 'close') this.#socket.destroy();
    else this.#rejectNext(rejection);
  }

  /** Whether a request that asks for an upgrade, and is about to come, gets one; otherwise it is one like others. */
  mayUpgrade(request: IncomingMessage): boolean {
    const ends = request.method === 'CONNECT' || requestedProtocol(request) !== undefined;
    if (this.#exchanges.size === 0 && ends) return true;
    this.#last ??= request;
    return false;
  }

  /** A request to go on in another protocol. `early`: what was read behind it. */
  onUpgrade(request: IncomingMessage, early: Buffer): void {
    if (this.#state === 'refused' || this.#last !== undefined) return;
    clearTimeout(this.#linger);
    this.#state = 'upgraded';
    this.#context.idle.delete(this);
    const protocol = requestedProtocol(request) ?? '';
    new FrontUpgrade(request, protocol, this, this.#context).start(early);
  }

  /** A request that ends HTTP on this connection (CONNECT), with none before it that waits for its response. */
  onConnect(rejection: Rejection, request: IncomingMessage): void {
    const account = accountOf(request, this.#context);
    this.refuse(rejection, account);
    account.over('failed');
    this.#socket.resume();
  }

  /**
   * The front closes: a connection without request goes, unless one is on its way, of a client that has just connected
   * or had no reason to expect the end.
   */
  closeIfIdle(): void {
    if (this.#exchanges.size > 0 || this.#state === 'upgraded') return;
    this.#linger = setTimeout(() => {
      if (this.#socket.bytesRead === this.#bytesBefore) this.#close();
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
    if (this.#exchanges.size > 0 || this.#socket.bytesRead !== this.#bytesBefore) return false;
    // Whoever has just connected is about to ask.
    if (this.#bytesBefore === 0 && performance.now() < this.#connectedAt + SETTLING) return false;
    this.#context.connections.delete(this);
    this.#context.idle.delete(this);
    this.#close();
    return true;
  }

  isAlone(): boolean {
    return this.#exchanges.size === 1;
  }

  refuse(rejection: Rejection, account: RequestAccount): void {
    if (this.#state === 'refused') return;
    this.#state = 'refused';
    const { status, message } = rejection;
    this.#context.logger.warn({ ...account.details, status }, message);
    const answer = synthetic('client', status, message, account.id);
    const withBody = account.method !== 'HEAD';
    this.#socket.end(closingMessage(answer, httpDate(), withBody));
    account.answered(status);
    if (withBody) account.responseBytes += answer.body.length;
    // RFC 9112 §9.6: closed at once, unread bytes would make the kernel send a reset that overtakes the response.
    this.linger();
  }

  cut(closeDelimited: boolean): void {
    if (closeDelimited) this.#socket.resetAndDestroy();
    else this.#socket.destroy();
  }

  linger(): void {
    this.#lingerStep(this.#socket.bytesRead, LINGER_STEPS);
  }

  #lingerStep(bytesBefore: number, stepsLeft: number): void {
    clearTimeout(this.#linger);
    this.#linger = setTimeout(() => {
      const { bytesRead } = this.#socket;
      if (bytesRead === bytesBefore || stepsLeft === 1) this.#socket.destroy();
      else this.#lingerStep(bytesRead, stepsLeft - 1);
    }, LINGER_STEP);
  }

  onOver(exchange: FrontExchange): void {
    if (!this.#exchanges.delete(exchange)) return;
    this.#context.inFlight--;
    if (this.#exchanges.size === RESUME_BELOW) this.#socket.resume();
    if (this.#exchanges.size > 0 || this.#state === 'refused') return;
    if (this.#context.connections.has(this)) this.#context.idle.add(this);
    clearTimeout(this.#linger);
    this.#linger = undefined;
    this.#bytesBefore = this.#socket.bytesRead;
    if (this.#pending !== undefined) this.#refuseUnread(this.#pending);
    else if (this.#state === 'closing-after-upload' || this.#context.closing) this.#close();
  }

  // Requests behind those that wait are left in the socket. What was read along with one is parsed nonetheless.
  #holdIfCrowded(): void {
    if (this.#exchanges.size >= HOLD_FROM) this.#socket.pause();
  }

  // Wrong is either the content of the last request, or what comes behind it.
  #rejectNext(rejection: Rejection): void {
    const last = [...this.#exchanges].at(-1);
    if (last?.isIncomplete) last.reject(rejection);
    else if (this.#last !== undefined) return;
    else if (last !== undefined) this.#pending ??= rejection;
    else this.#refuseUnread(rejection);
  }

  // What came could not be read as a request.
  #refuseUnread(rejection: Rejection): void {
    const account = new RequestAccount(this.#context.observer, '', '', []);
    this.refuse(rejection, account);
    account.over('failed');
  }

  // The parser takes nothing more: to keep the connection would leave the next request without an answer.
  #endBehindLast(): void {
    if (this.#exchanges.size > 0) this.#state = 'closing-after-upload';
    else this.#close();
  }

  // What waits behind the last response will never have its turn.
  #closeAfterUpload(): void {
    this.#state = 'closing-after-upload';
    this.#pending = undefined;
    if (this.#exchanges.size === 0) this.#close();
    for (const exchange of this.#waiting) exchange.onClientGone();
    this.#waiting.clear();
  }

  // Once all that was written has gone out.
  #close(): void {
    this.#socket.end(() => this.#socket.destroy());
  }

  #onClosed(): void {
    clearTimeout(this.#linger);
    for (const list of [this.#context.connections, this.#context.idle, this.#context.turnedAway])
      list.delete(this);
    this.#onGone();
  }

  #onGone(): void {
    for (const exchange of this.#exchanges) exchange.onClientGone();
  }
}

function hopOf(socket: Socket) {
  const { remoteAddress = '', remotePort = 0, localAddress = '', localPort = 0 } = socket;
  return { remoteAddress, remotePort, localAddress, localPort };
}

function ignore(): void {
  // 'close' follows. node:http takes its own listener away in the end.
}

// How long a client may go on sending what is not wanted any more: until it pauses, or so many steps of so many
// milliseconds.
const LINGER_STEPS = 5;
const LINGER_STEP = 1000;

// How long a new connection may take to its first request before it counts as idle, milliseconds.
const SETTLING = 1000;

// How long a connection without request is kept when the front closes, milliseconds.
const FAREWELL = 250;

// Requests of one connection that wait for their turn. Clients that pipeline at all send a few dozen. From the second
// number on no more is read, until there are fewer than the third; as one read can bring thousands, those beyond the
// first are refused.
const MAX_PIPELINED = 256;
const HOLD_FROM = 64;
const RESUME_BELOW = 32;
const TOO_MANY_CONNECTIONS = new Rejection(503, 'too many connections');
const CONNECT_REFUSED = new Rejection(405, 'CONNECT is not allowed');
const TOO_MANY_PIPELINED = new Rejection(503, 'too many pipelined requests');
