import type { IncomingMessage, ServerResponse } from 'node:http';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, StreamFailure } from '../h3/port.ts';
import { Intake, type IntakeEvents } from './body.ts';
import { ChunkOverhead } from './chunk-overhead.ts';
import { asRejection, failureId, loggedPath, Rejection, synthetic } from './failures.ts';
import { type RequestHead, requestToHttp3, trailersToHttp3 } from './fields.ts';
import type { FrontContext } from './front-context.ts';
import { FrontResponse } from './front-response.ts';
import { KeptContent } from './kept-content.ts';
import { prioritise } from './priority.ts';
import { QuietTimer } from './quiet-timer.ts';
import type { StreamWaiter } from './tunnel.ts';

/** The connection that an exchange happens on, as far as the exchange needs it. */
export interface ExchangeOwner {
  /** The Forwarded element of this hop, when one is to be added. */
  readonly forwarded: string | undefined;
  /** Whether nothing came behind this request. */
  isAlone(): boolean;
  /** Answers outside node:http, and closes: the request was wrong, or cannot be read to its end. */
  refuse(rejection: Rejection, request: IncomingMessage): void;
  /** Breaks the connection off, so that a response begun cannot be taken for complete. */
  cut(closeDelimited: boolean): void;
  /** The response is done, but the client still sends a request that nobody wants: for a while, let it. */
  linger(): void;
  /** The exchange is over, both ways. */
  onOver(exchange: FrontExchange): void;
}

/**
 * One request of an HTTP/1.1 client and its response: from its turn on the connection, through a request stream, to
 * its last byte. Both directions run at once; it is over when both are.
 */
export class FrontExchange implements StreamWaiter, IntakeEvents {
  readonly isUpgrade = false;
  readonly #request: IncomingMessage;
  readonly #response: FrontResponse;
  readonly #owner: ExchangeOwner;
  readonly #context: FrontContext;
  readonly #overhead: ChunkOverhead;
  readonly #kept = new KeptContent();
  readonly #intake: Intake;
  #head: RequestHead | undefined;
  #stream: RequestStream | undefined;
  #quiet: QuietTimer | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  #retries = 0;
  /** What became of the request's content. */
  #upload: 'coming' | 'unwanted' | 'complete' = 'coming';
  #phase: 'waiting' | 'running' | 'over' = 'waiting';
  /** Found while the request waited for its turn. */
  #rejection: Rejection | undefined;

  /** `startByte`: how many bytes the socket had read where the request begins, or more when that is not known. */
  constructor(
    request: IncomingMessage,
    response: ServerResponse,
    owner: ExchangeOwner,
    context: FrontContext,
    startByte: number,
  ) {
    this.#request = request;
    this.#response = new FrontResponse(request, response);
    this.#owner = owner;
    this.#context = context;
    this.#overhead = new ChunkOverhead(request, startByte);
    this.#intake = new Intake(request, this, this.#kept);
  }

  /** Whether the client has more to send before the request is complete. */
  get isIncomplete(): boolean {
    return !this.#request.complete;
  }

  /** It is this request's turn on the connection. */
  start(): void {
    if (this.#phase !== 'waiting') return;
    this.#phase = 'running';
    this.#contained(() => {
      if (this.#rejection !== undefined) throw this.#rejection;
      this.#head = requestToHttp3(this.#request, this.#context.limits, this.#owner.forwarded);
      if (this.#head.framing === 'none') {
        this.#upload = 'complete';
        this.#request.resume();
      }
      this.#context.tunnel.open(this);
    });
  }

  /** The request is wrong, as its head or its content shows. */
  reject(rejection: Rejection): void {
    if (this.#phase === 'waiting') this.#rejection ??= rejection;
    else this.#fail(rejection);
  }

  /** The client hung up. */
  onClientGone(): void {
    if (this.#phase === 'over') return;
    this.#abandonStream();
    // It may have hung up one way only, and would take the end that node:http makes for that of the response.
    if (this.#response.begun && !this.#response.ended) this.#owner.cut(this.#response.closeDelimited);
    this.#finish();
  }

  onStream(stream: RequestStream): void {
    this.#stream = stream;
    this.#quiet ??= new QuietTimer(this.#context.streamIdleTimeout, () => this.#onQuiet());
    this.#contained(() => this.#send(stream));
  }

  onUnavailable(reason: string, status: 501 | 503): void {
    this.#fail(new Rejection(status, reason));
  }

  onInterim(fields: FieldLines): void {
    this.#quiet?.touch();
    this.#kept.drop();
    this.#contained(() => this.#response.interim(fields));
  }

  onHeaders(fields: FieldLines): void {
    this.#quiet?.touch();
    this.#kept.drop();
    clearTimeout(this.#headTimer);
    this.#contained(() => {
      this.#response.head(fields, !this.#context.closing, () => this.#stream?.resume());
    });
  }

  onData(chunk: Uint8Array): void {
    this.#quiet?.touch();
    if (!this.#response.data(chunk)) this.#stream?.pause();
  }

  onTrailers(fields: FieldLines): void {
    this.#contained(() => this.#response.trailers(fields));
  }

  onEnd(): void {
    this.#response.end();
    this.#settle();
  }

  onDrain(): void {
    this.#quiet?.touch();
    this.#intake.resume();
  }

  // A rejection is told of sending first, and of receiving then: in between nothing must be lost.
  onStopped(code: number): void {
    if (this.#upload !== 'coming') return;
    if (code === Code.H3_REQUEST_REJECTED) this.#intake.hold();
    else this.#discardUpload();
  }

  onFailed(failure: StreamFailure): void {
    this.#stream = undefined;
    if (this.#phase === 'over') return;
    const mayRetry = failure.untouched && this.#kept.isWhole && this.#retries++ < MAX_RETRIES;
    if (mayRetry) this.#retry();
    else this.#fail(new Rejection(502, `request stream failed: ${failure.reason}`));
  }

  onChunk(chunk: Uint8Array): boolean {
    this.#quiet?.touch();
    if (this.#head?.framing !== 'chunked' || this.#overhead.allows(chunk)) return true;
    this.#fail(EXTENSIONS_TOO_LARGE);
    return false;
  }

  onComplete(): void {
    if (this.#phase === 'over') return;
    const wanted = this.#upload === 'coming';
    this.#upload = 'complete';
    this.#contained(() => {
      if (wanted) this.#completeUpload();
      this.#settle();
    });
  }

  onBroken(): void {
    this.onClientGone();
  }

  #send(stream: RequestStream): void {
    if (this.#head === undefined) return;
    const { fields, framing } = this.#head;
    prioritise(stream, fields, fields);
    stream.sendHeaders(fields, framing === 'none');
    if (framing !== 'none') this.#intake.start(stream);
    if (framing === 'none') this.#awaitHead();
    else if (this.#upload === 'complete') this.#endUpload(stream);
  }

  #completeUpload(): void {
    const isChunked = this.#head?.framing === 'chunked';
    if (isChunked && !this.#overhead.allowsEnd(this.#owner.isAlone())) throw EXTENSIONS_TOO_LARGE;
    if (this.#stream !== undefined) this.#endUpload(this.#stream);
  }

  #endUpload(stream: RequestStream): void {
    stream.end(trailersToHttp3(this.#request.rawTrailers, this.#context.limits));
    this.#awaitHead();
  }

  // request_timeout counts from where the answer depends on the other side alone.
  #awaitHead(): void {
    const { requestTimeout } = this.#context;
    if (requestTimeout === undefined || this.#response.begun) return;
    this.#headTimer ??= setTimeout(() => this.#fail(TOO_SLOW), requestTimeout);
  }

  #retry(): void {
    if (this.#upload === 'coming') this.#intake.hold();
    this.#context.tunnel.open(this);
  }

  #onQuiet(): void {
    const isClientSlow = this.#upload === 'coming' && !this.#intake.held;
    this.#fail(isClientSlow ? REQUEST_TOO_SLOW : TOO_SLOW);
  }

  // Ends the exchange early: with a response that says why if none has begun, else by breaking off.
  #fail(rejection: Rejection): void {
    if (this.#phase === 'over') return;
    this.#abandonStream();
    if (this.#response.begun) this.#cut(rejection);
    else if (rejection.status < 500 || this.#head === undefined) this.#refuse(rejection);
    else this.#answer(rejection);
  }

  #cut(rejection: Rejection): void {
    this.#log(failureId(), rejection);
    this.#owner.cut(this.#response.closeDelimited);
    this.#finish();
  }

  #refuse(rejection: Rejection): void {
    this.#owner.refuse(rejection, this.#request);
    this.#intake.discard();
    this.#finish();
  }

  #answer(rejection: Rejection): void {
    const id = failureId();
    this.#log(id, rejection);
    const answer = synthetic('client', rejection.status, rejection.message, id);
    this.#response.synthetic(answer, !this.#context.closing);
    if (this.#upload === 'coming') this.#discardUpload();
    else this.#settle();
  }

  #log(id: string, rejection: Rejection): void {
    const { method, url } = this.#request;
    const details = { id, status: rejection.status, method, path: loggedPath(url) };
    this.#context.logger.warn(details, rejection.message);
  }

  #abandonStream(): void {
    if (this.#stream === undefined) this.#context.tunnel.cancel(this);
    else this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#stream = undefined;
  }

  #discardUpload(): void {
    this.#upload = 'unwanted';
    this.#kept.drop();
    this.#intake.discard();
    this.#settle();
  }

  #settle(): void {
    if (!this.#response.ended || this.#phase === 'over') return;
    if (this.#upload === 'complete') this.#finish();
    else if (this.#upload === 'unwanted') this.#owner.linger();
  }

  #finish(): void {
    this.#phase = 'over';
    this.#quiet?.stop();
    clearTimeout(this.#headTimer);
    this.#owner.onOver(this);
  }

  // A fault in one request ends that request alone.
  #contained(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof Rejection))
        this.#context.logger.error({ err: error }, 'a request failed unexpectedly');
      this.#fail(asRejection(error));
    }
  }
}

const MAX_RETRIES = 3;
const TOO_SLOW = new Rejection(504, 'no answer in time');
const REQUEST_TOO_SLOW = new Rejection(408, 'the request takes too long');
const EXTENSIONS_TOO_LARGE = new Rejection(400, 'chunk extensions too large');
