import { type IncomingMessage, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, StreamFailure } from '../h3/port.ts';
import { asRejection, failureId, loggedPath, Rejection } from './failures.ts';
import { fieldValue, requestToHttp3 } from './fields.ts';
import type { FrontContext } from './front-context.ts';
import { FrontResponse } from './front-response.ts';
import { QuietTimer } from './quiet-timer.ts';
import { SocketTunnel } from './socket-tunnel.ts';
import type { StreamWaiter } from './tunnel.ts';
import { switchToHttp1, type UpgradeHead, upgradeToHttp3 } from './upgrade.ts';

/** The connection that an upgrade happens on, as far as the upgrade needs it. See `ExchangeOwner`. */
export interface UpgradeOwner {
  readonly forwarded: string | undefined;
  refuse(rejection: Rejection, request: IncomingMessage): void;
  cut(closeDelimited: boolean): void;
  linger(): void;
}

/**
 * `asking`: until the final response; what the application sends early waits. `answering`: it was not upgraded, and a
 * response like any other goes out. `tunnel`: it was.
 */
type State =
  | { readonly phase: 'asking'; readonly early: Buffer[]; earlyLength: number }
  | { readonly phase: 'answering' }
  | { readonly phase: 'tunnel'; readonly tunnel: SocketTunnel }
  | { readonly phase: 'over' };

/**
 * A request of an HTTP/1.1 client to go on in another protocol (RFC 9110 §7.8), the last one on its connection:
 * from extended CONNECT in the tunnel to the end of the upgraded connection, or of the response that refuses it.
 */
export class FrontUpgrade implements StreamWaiter {
  readonly isUpgrade = true;
  readonly #request: IncomingMessage;
  readonly #socket: Socket;
  readonly #protocol: string;
  readonly #owner: UpgradeOwner;
  readonly #context: FrontContext;
  readonly #serverResponse: ServerResponse;
  readonly #response: FrontResponse;
  #state: State = { phase: 'asking', early: [], earlyLength: 0 };
  #head: UpgradeHead = { fields: [], accept: undefined };
  #stream: RequestStream | undefined;
  #quiet: QuietTimer | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  #retries = 0;

  constructor(request: IncomingMessage, protocol: string, owner: UpgradeOwner, context: FrontContext) {
    this.#request = request;
    this.#socket = request.socket;
    this.#protocol = protocol;
    this.#owner = owner;
    this.#context = context;
    this.#serverResponse = new ServerResponse(request);
    this.#response = new FrontResponse(request, this.#serverResponse);
    context.upgrades.add(this);
  }

  /** Asks the other end. `early`: bytes that were read behind the request. */
  start(early: Buffer): void {
    this.#serverResponse.assignSocket(this.#socket);
    this.#onEarly(early);
    this.#socket.on('data', this.#onEarly);
    this.#socket.on('end', this.#onGone);
    this.#socket.on('close', this.#onGone);
    this.#socket.on('drain', this.#onSocketDrain);
    this.#contained(() => {
      const { fields } = requestToHttp3(this.#request, this.#context.limits, this.#owner.forwarded);
      this.#head = upgradeToHttp3(fields, this.#protocol);
      this.#context.tunnel.open(this);
    });
  }

  /** Breaks both sides off. */
  abort(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.abort();
    else {
      this.#socket.destroy();
      this.#onGone();
    }
  }

  onStream(stream: RequestStream): void {
    this.#stream = stream;
    this.#quiet ??= new QuietTimer(this.#context.streamIdleTimeout, () => this.#onQuiet());
    stream.sendHeaders(this.#head.fields, false);
    const { requestTimeout } = this.#context;
    if (requestTimeout === undefined) return;
    this.#headTimer ??= setTimeout(() => this.#fail(TOO_SLOW), requestTimeout);
  }

  onUnavailable(reason: string, status: 501 | 503): void {
    this.#fail(new Rejection(status, reason));
  }

  onInterim(fields: FieldLines): void {
    this.#quiet?.touch();
    this.#contained(() => this.#response.interim(fields));
  }

  onHeaders(fields: FieldLines): void {
    this.#quiet?.touch();
    clearTimeout(this.#headTimer);
    this.#contained(() => {
      if (fieldValue(fields, ':status')?.startsWith('2')) this.#switch(fields);
      else this.#answer(fields);
    });
  }

  onData(chunk: Uint8Array): void {
    if (this.#state.phase === 'tunnel') {
      this.#state.tunnel.onData(chunk);
      return;
    }
    this.#quiet?.touch();
    if (!this.#response.data(chunk)) this.#stream?.pause();
  }

  onTrailers(fields: FieldLines): void {
    this.#contained(() => this.#response.trailers(fields));
  }

  onEnd(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.onEnd();
    else this.#endResponse();
  }

  onDrain(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.onDrain();
  }

  // The other end takes no more: of a request that was not upgraded there is none.
  onStopped(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.abort();
  }

  onFailed(failure: StreamFailure): void {
    if (this.#state.phase === 'over') return;
    if (this.#state.phase === 'tunnel') {
      this.#log('debug', `upgraded connection cut: ${failure.reason}`);
      this.#state.tunnel.abort();
      return;
    }
    this.#stream = undefined;
    const mayRetry = failure.untouched && this.#state.phase === 'asking' && this.#retries++ < MAX_RETRIES;
    if (mayRetry) this.#context.tunnel.open(this);
    else this.#fail(new Rejection(502, `request stream failed: ${failure.reason}`));
  }

  // The head of the 101, and from then on bytes.
  #switch(fields: FieldLines): void {
    if (this.#state.phase !== 'asking' || this.#stream === undefined || this.#quiet === undefined) return;
    const { early } = this.#state;
    const head = switchToHttp1(fields, this.#protocol, this.#head.accept);
    this.#leaveSocket();
    this.#serverResponse.detachSocket(this.#socket);
    this.#socket.write(head, 'latin1');
    const tunnel = new SocketTunnel(this.#stream, this.#socket, this.#quiet, () => this.#finish());
    this.#state = { phase: 'tunnel', tunnel };
    tunnel.start(Buffer.concat(early));
  }

  #answer(fields: FieldLines): void {
    this.#state = { phase: 'answering' };
    this.#socket.resume();
    this.#stream?.end();
    this.#response.head(fields, false, () => this.#stream?.resume());
  }

  #endResponse(): void {
    this.#serverResponse.once('finish', () => {
      this.#socket.end();
      this.#owner.linger();
      this.#finish();
    });
    this.#response.end();
  }

  // What the application says before it was told 101 waits here; behind a refusal it is dropped.
  readonly #onEarly = (chunk: Buffer): void => {
    if (this.#state.phase !== 'asking') return;
    this.#state.early.push(chunk);
    this.#state.earlyLength += chunk.length;
    if (this.#state.earlyLength >= MAX_EARLY) this.#socket.pause();
  };

  readonly #onGone = (): void => {
    if (this.#state.phase !== 'asking' && this.#state.phase !== 'answering') return;
    this.#abandonStream();
    this.#finish();
  };

  // node:http, which would have told the response, has let go of the socket.
  readonly #onSocketDrain = (): void => {
    this.#serverResponse.emit('drain');
  };

  #onQuiet(): void {
    if (this.#state.phase !== 'tunnel') this.#fail(TOO_SLOW);
    else {
      this.#log('info', 'upgraded connection cut: no byte either way for stream_idle_timeout');
      this.#state.tunnel.abort();
    }
  }

  // Ends the exchange early: with a response that says why if none has begun, else by breaking off.
  #fail(rejection: Rejection): void {
    if (this.#state.phase === 'over' || this.#state.phase === 'tunnel') return;
    this.#abandonStream();
    if (this.#response.begun) {
      this.#log('warn', rejection.message, { id: failureId(), status: rejection.status });
      this.#owner.cut(this.#response.closeDelimited);
    } else {
      this.#owner.refuse(rejection, this.#request);
      this.#socket.resume();
    }
    this.#finish();
  }

  #abandonStream(): void {
    if (this.#stream === undefined) this.#context.tunnel.cancel(this);
    else this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#stream = undefined;
  }

  #leaveSocket(): void {
    this.#socket.off('data', this.#onEarly);
    this.#socket.off('end', this.#onGone);
    this.#socket.off('close', this.#onGone);
    this.#socket.off('drain', this.#onSocketDrain);
  }

  #finish(): void {
    this.#state = { phase: 'over' };
    this.#quiet?.stop();
    clearTimeout(this.#headTimer);
    this.#context.upgrades.delete(this);
  }

  #log(level: 'debug' | 'info' | 'warn', message: string, details: object = {}): void {
    const path = loggedPath(this.#request.url);
    this.#context.logger[level]({ ...details, protocol: this.#protocol, path }, message);
  }

  // A fault in one upgrade ends that upgrade alone.
  #contained(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof Rejection))
        this.#context.logger.error({ err: error }, 'an upgrade failed unexpectedly');
      this.#fail(asRejection(error));
    }
  }
}

const MAX_RETRIES = 3;
// Bytes that an application may send ahead of the answer before it is made to wait.
const MAX_EARLY = 65_536;
const TOO_SLOW = new Rejection(504, 'no answer in time');
