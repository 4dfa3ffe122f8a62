import type { ClientRequest, IncomingMessage, InformationEvent } from 'node:http';
import type { Socket } from 'node:net';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import { Intake, type IntakeEvents } from './body.ts';
import { asRejection, failureId, loggedPath, Rejection } from './failures.ts';
import { fieldValue, interimToHttp3, responseToHttp3, trailersToHttp3 } from './fields.ts';
import type { OriginContext } from './origin-context.ts';
import { originRejection } from './origin-errors.ts';
import { originTarget } from './origin-request.ts';
import { QuietTimer } from './quiet-timer.ts';
import { sendRefusal } from './refusal.ts';
import { SocketTunnel } from './socket-tunnel.ts';
import { type OriginUpgradeHead, switchToHttp3, upgradeToHttp1 } from './upgrade.ts';
import { openUpgradeRequest } from './upgrade-request.ts';

/** `asking`: until the final response. `answering`: a response without upgrade is passed on. `tunnel`: upgraded. */
type State =
  | { readonly phase: 'asking' }
  | { readonly phase: 'answering'; readonly response: IncomingMessage; readonly intake: Intake }
  | { readonly phase: 'tunnel'; readonly tunnel: SocketTunnel }
  | { readonly phase: 'over' };

/**
 * An extended CONNECT out of the tunnel (RFC 9220), as an Upgrade of HTTP/1.1 to the origin: until one side of the
 * upgraded connection fails or both have closed, or until the response that refuses it has passed. Nothing that the
 * peer sends goes to the origin before its 101.
 */
export class OriginUpgrade implements RequestStreamEvents, IntakeEvents {
  readonly #stream: RequestStream;
  readonly #fields: FieldLines;
  readonly #forwarded: string | undefined;
  readonly #context: OriginContext;
  readonly #quiet: QuietTimer;
  #state: State = { phase: 'asking' };
  #request: ClientRequest | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  #interims = 0;

  constructor(
    stream: RequestStream,
    fields: FieldLines,
    forwarded: string | undefined,
    context: OriginContext,
  ) {
    this.#stream = stream;
    this.#fields = fields;
    this.#forwarded = forwarded;
    this.#context = context;
    this.#quiet = new QuietTimer(context.streamIdleTimeout, () => this.#onQuiet());
  }

  start(): void {
    this.#stream.pause();
    this.#contained(() => {
      const { path } = originTarget(this.#fields);
      const head = upgradeToHttp1(this.#fields, this.#forwarded);
      this.#request = openUpgradeRequest(head, path, this.#context);
      this.#listen(this.#request, head);
      const { requestTimeout } = this.#context;
      if (requestTimeout === undefined) return;
      this.#headTimer = setTimeout(() => this.#fail(NO_ANSWER), requestTimeout);
    });
  }

  /** Breaks both sides off. */
  abort(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.abort();
    else this.#cancel(Code.H3_INTERNAL_ERROR);
  }

  onInterim(): void {
    // A server gets none.
  }

  onHeaders(): void {
    // A server got them before it made this.
  }

  onData(chunk: Uint8Array): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.onData(chunk);
  }

  onTrailers(): void {
    // A tunnel has none.
  }

  onEnd(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.onEnd();
  }

  onDrain(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.onDrain();
    else if (this.#state.phase === 'answering') {
      this.#quiet.touch();
      this.#state.intake.resume();
    }
  }

  onStopped(): void {
    this.#onPeerGone('the peer takes no more');
  }

  onFailed(failure: StreamFailure): void {
    this.#onPeerGone(failure.reason);
  }

  onChunk(): boolean {
    this.#quiet.touch();
    return true;
  }

  onComplete(): void {
    const state = this.#state;
    if (state.phase !== 'answering') return;
    this.#contained(() => {
      this.#stream.end(trailersToHttp3(state.response.rawTrailers, this.#context.limits));
      this.#finish();
    });
  }

  onBroken(): void {
    this.#fail(new Rejection(502, "the origin's response ended early"));
  }

  #listen(opened: ClientRequest, head: OriginUpgradeHead): void {
    opened.on('socket', (socket) => {
      if (!socket.connecting) return;
      this.#connectTimer = setTimeout(() => this.#fail(NO_CONNECTION), this.#context.connectTimeout);
      socket.once('connect', () => clearTimeout(this.#connectTimer));
    });
    opened.on('information', (info) => this.#contained(() => this.#onInformation(info)));
    opened.on('upgrade', (response, socket, early) => {
      this.#contained(() => this.#onUpgrade(response, socket as Socket, early, head));
    });
    opened.on('response', (response) => this.#contained(() => this.#onResponse(response)));
    opened.on('error', (error) => this.#fail(originRejection(error)));
    opened.on('close', () => {
      if (this.#state.phase === 'asking') this.#fail(new Rejection(502, 'the origin closed the connection'));
    });
  }

  #onInformation(info: InformationEvent): void {
    if (this.#state.phase !== 'asking') return;
    this.#quiet.touch();
    if (info.statusCode === 101)
      throw new Rejection(502, 'the origin switched protocols without saying to which');
    if (++this.#interims > MAX_INTERIMS)
      throw new Rejection(502, 'too many interim responses from the origin');
    this.#stream.sendHeaders(interimToHttp3(info.statusCode, info.rawHeaders, this.#context.limits), false);
  }

  #onUpgrade(response: IncomingMessage, socket: Socket, early: Buffer, head: OriginUpgradeHead): void {
    socket.on('error', ignore);
    if (this.#state.phase !== 'asking') {
      socket.destroy();
      return;
    }
    const tunnel = new SocketTunnel(this.#stream, socket, this.#quiet, () => this.#finish());
    const fields = switchToHttp3(response.rawHeaders, head, this.#context.limits);
    clearTimeout(this.#headTimer);
    this.#stream.sendHeaders(fields, false);
    this.#state = { phase: 'tunnel', tunnel };
    tunnel.start(early);
  }

  // A 2xx would tell the peer that the tunnel is open; so an origin that takes no notice of the Upgrade cannot be told
  // from one that broke, and the application has to ask again without.
  #onResponse(response: IncomingMessage): void {
    response.on('error', ignore);
    if (this.#state.phase !== 'asking') return;
    const status = response.statusCode ?? 0;
    if (status < 300) throw new Rejection(502, `the origin answered the upgrade with status ${status}`);
    const { fields } = responseToHttp3(status, response, this.#context.limits);
    clearTimeout(this.#headTimer);
    this.#stream.stopReceiving(Code.H3_NO_ERROR);
    const isEmpty = status === 304 || fieldValue(fields, 'content-length') === '0';
    this.#stream.sendHeaders(fields, isEmpty);
    const intake = new Intake(response, this);
    this.#state = { phase: 'answering', response, intake };
    if (isEmpty) this.#finish();
    else intake.start(this.#stream);
  }

  #onPeerGone(reason: string): void {
    if (this.#state.phase === 'over') return;
    this.#context.logger.debug(this.#details(), `upgrade stream failed: ${reason}`);
    if (this.#state.phase === 'tunnel') this.#state.tunnel.abort();
    else this.#cancel(Code.H3_REQUEST_CANCELLED);
  }

  #onQuiet(): void {
    if (this.#state.phase !== 'tunnel') this.#fail(NO_ANSWER);
    else {
      this.#context.logger.info(this.#details(), 'upgraded connection cut: no byte for stream_idle_timeout');
      this.#state.tunnel.abort();
    }
  }

  // Ends the exchange early: with a response that says why if none has begun, else with a reset.
  #fail(rejection: Rejection): void {
    const { phase } = this.#state;
    if (phase === 'over' || phase === 'tunnel') return;
    const id = failureId();
    const details = { id, status: rejection.status, ...this.#details() };
    this.#context.logger.warn(details, rejection.message);
    if (phase === 'answering') this.#stream.cancel(Code.H3_INTERNAL_ERROR);
    else {
      sendRefusal(this.#stream, rejection, id, true);
      this.#stream.stopReceiving(Code.H3_NO_ERROR);
    }
    this.#finish();
  }

  #cancel(code: number): void {
    if (this.#state.phase === 'over') return;
    this.#stream.cancel(code);
    this.#finish();
  }

  #finish(): void {
    this.#state = { phase: 'over' };
    this.#quiet.stop();
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#headTimer);
    // After an upgrade the socket is not the request's any more.
    this.#request?.destroy();
    this.#context.leave(this);
  }

  #details(): object {
    return {
      protocol: fieldValue(this.#fields, ':protocol'),
      path: loggedPath(fieldValue(this.#fields, ':path')),
    };
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

function ignore(): void {
  // Heard by the intake or the tunnel, once there is one.
}

const MAX_INTERIMS = 16;
const NO_ANSWER = new Rejection(504, 'no answer from the origin in time');
const NO_CONNECTION = new Rejection(504, 'no connection to the origin in time');
