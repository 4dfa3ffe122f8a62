import type { Buffer } from 'node:buffer';
import type { ClientRequest, IncomingMessage } from 'node:http';
import type { Socket } from 'node:net';
import { Code } from '../h3/codes.ts';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import type { OnOver } from './admission.ts';
import { Intake, type IntakeEvents } from './body.ts';
import { Exchange } from './exchange.ts';
import { Rejection } from './failures.ts';
import { responseToHttp3, trailersToHttp3 } from './fields.ts';
import type { RequestOutcome } from './observer.ts';
import type { OriginContext } from './origin-context.ts';
import { type AdmittedRequest, NO_ANSWER, type OriginAsker, OriginDialogue } from './origin-dialogue.ts';
import { originRejection } from './origin-errors.ts';
import { originTarget } from './origin-request.ts';
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
export class OriginUpgrade extends Exchange implements RequestStreamEvents, IntakeEvents, OriginAsker {
  readonly #stream: RequestStream;
  readonly #fields: FieldLines;
  readonly #context: OriginContext;
  readonly #dialogue: OriginDialogue;
  #state: State = { phase: 'asking' };
  #request: ClientRequest | undefined;

  constructor(admitted: AdmittedRequest, fields: FieldLines, context: OriginContext, onOver: OnOver) {
    super(admitted, onOver);
    this.#stream = admitted.stream;
    this.#fields = fields;
    this.#context = context;
    this.#dialogue = new OriginDialogue(admitted, context, this);
  }

  start(): void {
    this.#stream.pause();
    this.#dialogue.contained(() => {
      const { path } = originTarget(this.#fields);
      const head = upgradeToHttp1(this.#fields, this.#dialogue.hop);
      this.#request = openUpgradeRequest(head, path, this.#context);
      this.#listen(this.#request, head);
      this.#dialogue.awaitHead();
    });
  }

  /** The origin stops: a WebSocket is told so. */
  farewell(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.farewell();
  }

  /** Breaks both sides off. */
  abort(): void {
    this.#dialogue.account.outcome = 'failed';
    if (this.#state.phase === 'tunnel') this.#state.tunnel.abort();
    else this.#cancel(Code.H3_INTERNAL_ERROR, 'failed');
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
      this.#dialogue.touch();
      this.#state.intake.resume();
    }
  }

  onStopped(): void {
    this.#onPeerGone('the peer takes no more');
  }

  onFailed(failure: StreamFailure): void {
    this.#onPeerGone(failure.reason);
  }

  onChunk(chunk: Uint8Array): boolean {
    this.#dialogue.touch();
    this.#dialogue.account.responseBytes += chunk.length;
    return true;
  }

  onComplete(): void {
    const state = this.#state;
    if (state.phase !== 'answering') return;
    this.#dialogue.contained(() => {
      this.#stream.end(trailersToHttp3(state.response.rawTrailers, this.#context.limits));
      this.#finish('complete');
    });
  }

  onBroken(): void {
    this.fail(new Rejection(502, "the origin's response ended early"));
  }

  onQuiet(): void {
    if (this.#state.phase !== 'tunnel') this.fail(NO_ANSWER);
    else {
      this.#dialogue.log('info', 'upgraded connection cut: no byte for stream_idle_timeout');
      this.#dialogue.account.outcome = 'failed';
      this.#state.tunnel.abort();
    }
  }

  fail(rejection: Rejection): void {
    const { phase } = this.#state;
    if (phase === 'over' || phase === 'tunnel') return;
    this.#dialogue.refuse(rejection);
    if (phase === 'asking') this.#stream.stopReceiving(Code.H3_NO_ERROR);
    this.#finish('failed');
  }

  #listen(opened: ClientRequest, head: OriginUpgradeHead): void {
    opened.on('socket', (socket) => {
      if (!socket.connecting) return;
      this.#dialogue.connecting();
      socket.once('connect', () => this.#dialogue.connected());
    });
    opened.on('information', ({ statusCode, rawHeaders }) =>
      this.#dialogue.contained(() => this.#dialogue.interim(statusCode, rawHeaders)),
    );
    opened.on('error', (error) => this.fail(originRejection(error)));
    // Without a word before, as after a 101 that says not to which protocol.
    opened.on('close', () => {
      if (this.#state.phase === 'asking') this.fail(new Rejection(502, 'the origin closed the connection'));
    });
    opened.on('upgrade', (response, socket, early) => {
      this.#dialogue.contained(() => this.#onUpgrade(response, socket as Socket, early, head));
    });
    opened.on('response', (response) => this.#dialogue.contained(() => this.#onResponse(response)));
  }

  #onUpgrade(response: IncomingMessage, socket: Socket, early: Buffer, head: OriginUpgradeHead): void {
    socket.on('error', ignore);
    if (this.#state.phase !== 'asking') {
      socket.destroy();
      return;
    }
    const isWebSocket = head.accept !== undefined;
    const tunnel = new SocketTunnel(
      this.#stream,
      socket,
      this.#dialogue,
      { side: 'response', isWebSocket },
      (isWhole) => this.#finish(isWhole ? 'complete' : 'failed'),
    );
    const fields = switchToHttp3(response.rawHeaders, head, this.#context.limits);
    this.#dialogue.answered(SWITCHING_PROTOCOLS);
    this.#dialogue.account.upgraded = true;
    this.#stream.sendHeaders(fields, false);
    this.#state = { phase: 'tunnel', tunnel };
    tunnel.start(early);
    if (this.#context.stopping) tunnel.farewell();
  }

  // A 2xx would tell the peer that the tunnel is open; so an origin that takes no notice of the Upgrade cannot be told
  // from one that broke, and the application has to ask again without.
  #onResponse(response: IncomingMessage): void {
    response.on('error', ignore);
    if (this.#state.phase !== 'asking') return;
    const status = response.statusCode ?? 0;
    if (status < 300) throw new Rejection(502, `the origin answered the upgrade with status ${status}`);
    const { httpVersion, rawHeaders } = response;
    const { fields } = responseToHttp3({ status, httpVersion, rawHeaders }, this.#context.limits);
    this.#dialogue.answered(status);
    this.#stream.stopReceiving(Code.H3_NO_ERROR);
    const isEmpty = status === 304 || fieldValue(fields, 'content-length') === '0';
    this.#stream.sendHeaders(fields, isEmpty);
    const intake = new Intake(response, this);
    this.#state = { phase: 'answering', response, intake };
    if (isEmpty) this.#finish('complete');
    else intake.start(this.#stream);
  }

  #onPeerGone(reason: string): void {
    if (this.#state.phase === 'over') return;
    this.#dialogue.log('debug', `upgrade stream failed: ${reason}`);
    this.#dialogue.account.outcome = 'aborted';
    if (this.#state.phase === 'tunnel') this.#state.tunnel.abort();
    else this.#cancel(Code.H3_REQUEST_CANCELLED, 'aborted');
  }

  #cancel(code: number, outcome: RequestOutcome): void {
    if (this.#state.phase === 'over') return;
    this.#stream.cancel(code);
    this.#finish(outcome);
  }

  #finish(outcome: RequestOutcome): void {
    this.#state = { phase: 'over' };
    this.#dialogue.over(outcome);
    // After an upgrade the socket is not the request's any more.
    this.#request?.destroy();
    this.#context.leave(this);
  }
}

function ignore(): void {
  // Heard by the intake or the tunnel, once there is one.
}

const SWITCHING_PROTOCOLS = 101;
