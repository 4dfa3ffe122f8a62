import { Buffer } from 'node:buffer';
import type { Socket } from 'node:net';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines, RequestStream, StreamFailure } from '../h3/port.ts';
import { Rejection, streamRejection } from './failures.ts';
import { requestToHttp3 } from './fields.ts';
import type { FrontContext } from './front-context.ts';
import { type FrontAsker, FrontDialogue, TOO_SLOW } from './front-dialogue.ts';
import { FrontResponse } from './front-response.ts';
import type { RequestOutcome } from './observer.ts';
import type { Outlet } from './outlet.ts';
import type { RequestAccount } from './request-account.ts';
import type { Http1Request } from './request-head.ts';
import { SocketTunnel } from './socket-tunnel.ts';
import type { Carrier } from './tunnel.ts';
import { switchToHttp1, type UpgradeHead, upgradeToHttp3 } from './upgrade.ts';

/** The connection that an upgrade happens on, as far as the upgrade needs it. See `ExchangeOwner`. */
export interface UpgradeOwner {
  readonly forwarded: string | undefined;
  readonly socket: Socket;
  readonly outlet: Outlet;
  refuse(rejection: Rejection, account: RequestAccount): void;
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
export class FrontUpgrade implements FrontAsker {
  readonly isUpgrade = true;
  /** Resolves when it is over. */
  readonly over: Promise<void>;
  #onOver: () => void = () => {};
  readonly #request: Http1Request;
  readonly #socket: Socket;
  readonly #protocol: string;
  readonly #owner: UpgradeOwner;
  readonly #context: FrontContext;
  readonly #dialogue: FrontDialogue;
  readonly #response: FrontResponse;
  #state: State = { phase: 'asking', early: [], earlyLength: 0 };
  #head: UpgradeHead = { fields: [], accept: undefined };

  constructor(request: Http1Request, protocol: string, owner: UpgradeOwner, context: FrontContext) {
    this.#request = request;
    this.#socket = owner.socket;
    this.#protocol = protocol;
    this.#owner = owner;
    this.#context = context;
    this.#dialogue = new FrontDialogue(request, context, this);
    this.#response = new FrontResponse(request, owner.outlet);
    this.over = new Promise((resolve) => {
      this.#onOver = resolve;
    });
    context.upgrades.add(this);
  }

  /** Asks the other end. `early`: bytes that were read behind the request. */
  start(early: Buffer): void {
    this.#onEarly(early);
    this.#socket.on('data', this.#onEarly);
    this.#socket.on('end', this.#onGone);
    this.#socket.on('close', this.#onGone);
    this.#socket.on('drain', this.#onSocketDrain);
    this.#dialogue.contained(() => {
      const { fields } = requestToHttp3(this.#request, this.#context.limits, this.#owner.forwarded);
      this.#dialogue.account.passedOn(fields);
      this.#head = upgradeToHttp3(fields, this.#protocol);
      this.#dialogue.open();
    });
  }

  /** The front closes: a WebSocket is told so. */
  farewell(): void {
    if (this.#state.phase === 'tunnel') this.#state.tunnel.farewell();
  }

  /** Breaks both sides off. */
  abort(): void {
    this.#dialogue.account.outcome = 'failed';
    if (this.#state.phase === 'tunnel') this.#state.tunnel.abort();
    else {
      this.#socket.destroy();
      this.#onGone();
    }
  }

  onStream(stream: RequestStream, carrier: Carrier): void {
    this.#dialogue.begin(stream, carrier);
    stream.sendHeaders(this.#head.fields, false);
    this.#dialogue.awaitHead();
  }

  onUnavailable(reason: string, status: 501 | 503): void {
    this.fail(new Rejection(status, reason));
  }

  onInterim(fields: FieldLines): void {
    this.#dialogue.touch();
    this.#dialogue.contained(() => this.#response.interim(fields));
  }

  onHeaders(fields: FieldLines): void {
    this.#dialogue.touch();
    this.#dialogue.contained(() => {
      if (fieldValue(fields, ':status')?.startsWith('2')) this.#switch(fields);
      else this.#answer(fields);
    });
  }

  onData(chunk: Uint8Array): void {
    if (this.#state.phase === 'tunnel') {
      this.#state.tunnel.onData(chunk);
      return;
    }
    this.#dialogue.touch();
    this.#dialogue.account.responseBytes += chunk.length;
    if (!this.#response.data(chunk)) this.#dialogue.stream?.pause();
  }

  onTrailers(fields: FieldLines): void {
    this.#dialogue.contained(() => this.#response.trailers(fields));
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
    if (this.#state.phase === 'tunnel') this.#cut(this.#state.tunnel);
  }

  onFailed(failure: StreamFailure): void {
    if (this.#state.phase === 'over') return;
    if (this.#state.phase === 'tunnel') {
      this.#dialogue.log('debug', `upgraded connection cut: ${failure.reason}`);
      this.#cut(this.#state.tunnel);
      return;
    }
    this.#dialogue.lost();
    if (this.#state.phase === 'asking' && this.#dialogue.retry(failure)) return;
    this.fail(streamRejection(failure));
  }

  onQuiet(): void {
    if (this.#state.phase !== 'tunnel') this.fail(TOO_SLOW);
    else {
      this.#dialogue.log('info', 'upgraded connection cut: no byte either way for stream_idle_timeout');
      this.#cut(this.#state.tunnel);
    }
  }

  fail(rejection: Rejection): void {
    if (this.#state.phase === 'over' || this.#state.phase === 'tunnel') return;
    this.#dialogue.abandon();
    if (this.#response.begun) {
      this.#dialogue.log('warn', rejection.message, rejection.status);
      this.#owner.cut(this.#response.closeDelimited);
    } else {
      this.#owner.refuse(rejection, this.#dialogue.account);
      this.#socket.resume();
    }
    this.#finish('failed');
  }

  // The head of the 101, and from then on bytes.
  #switch(fields: FieldLines): void {
    const { account, stream } = this.#dialogue;
    if (this.#state.phase !== 'asking' || stream === undefined) return;
    const { early } = this.#state;
    const head = switchToHttp1(fields, this.#protocol, this.#head.accept);
    this.#leaveSocket();
    this.#owner.outlet.write(head);
    this.#owner.outlet.flush();
    this.#dialogue.answered(SWITCHING_PROTOCOLS);
    account.upgraded = true;
    const isWebSocket = this.#head.accept !== undefined;
    const tunnel = new SocketTunnel(
      stream,
      this.#socket,
      this.#dialogue,
      { side: 'request', isWebSocket },
      (isWhole) => this.#finish(isWhole ? 'complete' : 'aborted'),
    );
    this.#state = { phase: 'tunnel', tunnel };
    tunnel.start(Buffer.concat(early));
    if (this.#context.closing) tunnel.farewell();
  }

  #answer(fields: FieldLines): void {
    this.#state = { phase: 'answering' };
    this.#socket.resume();
    this.#dialogue.stream?.end();
    this.#dialogue.answered(this.#response.head(fields, false));
  }

  #endResponse(): void {
    this.#response.end();
    this.#owner.outlet.flush();
    this.#socket.end();
    this.#owner.linger();
    this.#finish('complete');
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
    this.#dialogue.abandon();
    this.#finish(this.#context.cutting ? 'failed' : 'aborted');
  };

  readonly #onSocketDrain = (): void => {
    this.#dialogue.stream?.resume();
  };

  #cut(tunnel: SocketTunnel): void {
    this.#dialogue.account.outcome = 'failed';
    tunnel.abort();
  }

  #leaveSocket(): void {
    this.#socket.off('data', this.#onEarly);
    this.#socket.off('end', this.#onGone);
    this.#socket.off('close', this.#onGone);
    this.#socket.off('drain', this.#onSocketDrain);
  }

  #finish(outcome: RequestOutcome): void {
    this.#state = { phase: 'over' };
    this.#dialogue.over(outcome);
    this.#context.upgrades.delete(this);
    this.#onOver();
  }
}

const SWITCHING_PROTOCOLS = 101;
// Bytes that an application may send ahead of the answer before it is made to wait.
const MAX_EARLY = 65_536;
