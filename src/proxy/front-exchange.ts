import type { IncomingMessage, ServerResponse } from 'node:http';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, StreamFailure } from '../h3/port.ts';
import { Intake, type IntakeEvents } from './body.ts';
import { ChunkOverhead } from './chunk-overhead.ts';
import { Rejection, streamRejection, synthetic } from './failures.ts';
import { type RequestHead, requestToHttp3, trailersToHttp3 } from './fields.ts';
import type { FrontContext } from './front-context.ts';
import { type FrontAsker, FrontDialogue, TOO_SLOW } from './front-dialogue.ts';
import { FrontResponse } from './front-response.ts';
import { KeptContent } from './kept-content.ts';
import type { RequestOutcome } from './observer.ts';
import { prioritise } from './priority.ts';
import type { RequestAccount } from './request-account.ts';
import type { Carrier } from './tunnel.ts';

/** The connection that an exchange happens on, as far as the exchange needs it. */
export interface ExchangeOwner {
  /** The Forwarded element of this hop, when one is to be added. */
  readonly forwarded: string | undefined;
  /** Whether nothing came behind this request. */
  isAlone(): boolean;
  /** Answers outside node:http, and closes: the request was wrong, or cannot be read to its end. */
  refuse(rejection: Rejection, account: RequestAccount): void;
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
export class FrontExchange implements FrontAsker, IntakeEvents {
  readonly isUpgrade = false;
  readonly #request: IncomingMessage;
  readonly #response: FrontResponse;
  readonly #owner: ExchangeOwner;
  readonly #context: FrontContext;
  readonly #dialogue: FrontDialogue;
  readonly #overhead: ChunkOverhead;
  readonly #kept = new KeptContent();
  readonly #intake: Intake;
  #head: RequestHead | undefined;
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
    this.#dialogue = new FrontDialogue(request, context, this);
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
    this.#dialogue.contained(() => {
      if (this.#rejection !== undefined) throw this.#rejection;
      this.#head = requestToHttp3(this.#request, this.#context.limits, this.#owner.forwarded);
      this.#dialogue.account.passedOn(this.#head.fields);
      if (this.#head.framing === 'none') {
        this.#upload = 'complete';
        this.#request.resume();
      }
      this.#dialogue.open();
    });
  }

  /** The request is wrong, as its head or its content shows. */
  reject(rejection: Rejection): void {
    if (this.#phase === 'waiting') this.#rejection ??= rejection;
    else this.fail(rejection);
  }

  /** The client hung up. */
  onClientGone(): void {
    if (this.#phase === 'over') return;
    this.#dialogue.abandon();
    // It may have hung up one way only, and would take the end that node:http makes for that of the response.
    if (this.#response.begun && !this.#response.ended) this.#owner.cut(this.#response.closeDelimited);
    const unfinished = this.#context.cutting ? 'failed' : 'aborted';
    this.#finish(this.#response.ended ? 'complete' : unfinished);
  }

  onStream(stream: RequestStream, carrier: Carrier): void {
    this.#dialogue.begin(stream, carrier);
    this.#dialogue.contained(() => this.#send(stream));
  }

  onUnavailable(reason: string, status: 501 | 503): void {
    this.fail(new Rejection(status, reason));
  }

  onInterim(fields: FieldLines): void {
    this.#dialogue.touch();
    this.#kept.drop();
    this.#dialogue.contained(() => this.#response.interim(fields));
  }

  onHeaders(fields: FieldLines): void {
    this.#dialogue.touch();
    this.#kept.drop();
    this.#dialogue.contained(() => {
      const onRoom = () => this.#dialogue.stream?.resume();
      this.#dialogue.answered(this.#response.head(fields, !this.#context.closing, onRoom));
    });
  }

  onData(chunk: Uint8Array): void {
    this.#dialogue.touch();
    this.#dialogue.account.responseBytes += chunk.length;
    if (!this.#response.data(chunk)) this.#dialogue.stream?.pause();
  }

  onTrailers(fields: FieldLines): void {
    this.#dialogue.contained(() => this.#response.trailers(fields));
  }

  onEnd(): void {
    this.#response.end();
    this.#settle();
  }

  onDrain(): void {
    this.#dialogue.touch();
    this.#intake.resume();
  }

  // A rejection is told of sending first, and of receiving then: in between nothing must be lost.
  onStopped(code: number): void {
    if (this.#upload !== 'coming') return;
    if (code === Code.H3_REQUEST_REJECTED) this.#intake.hold();
    else this.#discardUpload();
  }

  onFailed(failure: StreamFailure): void {
    this.#dialogue.lost();
    if (this.#phase === 'over') return;
    if (this.#upload === 'coming') this.#intake.hold();
    if (this.#kept.isWhole && this.#dialogue.retry(failure)) return;
    this.fail(streamRejection(failure));
  }

  onChunk(chunk: Uint8Array): boolean {
    this.#dialogue.touch();
    this.#dialogue.account.requestBytes += chunk.length;
    if (this.#head?.framing !== 'chunked' || this.#overhead.allows(chunk)) return true;
    this.fail(EXTENSIONS_TOO_LARGE);
    return false;
  }

  onComplete(): void {
    if (this.#phase === 'over') return;
    const wanted = this.#upload === 'coming';
    this.#upload = 'complete';
    this.#dialogue.contained(() => {
      if (wanted) this.#completeUpload();
      this.#settle();
    });
  }

  onBroken(): void {
    this.onClientGone();
  }

  onQuiet(): void {
    const isClientSlow = this.#upload === 'coming' && !this.#intake.held;
    this.fail(isClientSlow ? REQUEST_TOO_SLOW : TOO_SLOW);
  }

  fail(rejection: Rejection): void {
    if (this.#phase === 'over') return;
    this.#dialogue.abandon();
    this.#dialogue.account.outcome = 'failed';
    if (this.#response.begun) this.#cut(rejection);
    else if (rejection.status < 500 || this.#head === undefined) this.#refuse(rejection);
    else this.#answer(rejection);
  }

  #send(stream: RequestStream): void {
    if (this.#head === undefined) return;
    const { fields, framing } = this.#head;
    prioritise(stream, fields, fields);
    stream.sendHeaders(fields, framing === 'none');
    if (framing !== 'none') this.#intake.start(stream);
    if (framing === 'none') this.#dialogue.awaitHead();
    else if (this.#upload === 'complete') this.#endUpload(stream);
  }

  #completeUpload(): void {
    const isChunked = this.#head?.framing === 'chunked';
    if (isChunked && !this.#overhead.allowsEnd(this.#owner.isAlone())) throw EXTENSIONS_TOO_LARGE;
    if (this.#dialogue.stream !== undefined) this.#endUpload(this.#dialogue.stream);
  }

  #endUpload(stream: RequestStream): void {
    stream.end(trailersToHttp3(this.#request.rawTrailers, this.#context.limits));
    this.#dialogue.awaitHead();
  }

  #cut(rejection: Rejection): void {
    this.#dialogue.log('warn', rejection.message, rejection.status);
    this.#owner.cut(this.#response.closeDelimited);
    this.#finish('failed');
  }

  #refuse(rejection: Rejection): void {
    this.#owner.refuse(rejection, this.#dialogue.account);
    this.#intake.discard();
    this.#finish('failed');
  }

  #answer(rejection: Rejection): void {
    const { status, message } = rejection;
    this.#dialogue.log('warn', message, status);
    this.#dialogue.answered(status);
    const { account } = this.#dialogue;
    const answer = synthetic('client', status, message, account.id);
    account.responseBytes += this.#response.synthetic(answer, !this.#context.closing);
    if (this.#upload === 'coming') this.#discardUpload();
    else this.#settle();
  }

  #discardUpload(): void {
    this.#upload = 'unwanted';
    this.#kept.drop();
    this.#intake.discard();
    this.#settle();
  }

  #settle(): void {
    if (!this.#response.ended || this.#phase === 'over') return;
    if (this.#upload === 'complete') this.#finish('complete');
    else if (this.#upload === 'unwanted') this.#owner.linger();
  }

  #finish(outcome: RequestOutcome): void {
    this.#phase = 'over';
    this.#dialogue.over(outcome);
    this.#owner.onOver(this);
  }
}

const REQUEST_TOO_SLOW = new Rejection(408, 'the request takes too long');
const EXTENSIONS_TOO_LARGE = new Rejection(400, 'chunk extensions too large');
