import type { Buffer } from 'node:buffer';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, StreamFailure } from '../h3/port.ts';
import { Rejection, streamRejection, synthetic } from './failures.ts';
import { type RequestHead, requestToHttp3, trailersToHttp3 } from './fields.ts';
import type { FrontContext } from './front-context.ts';
import { type FrontAsker, FrontDialogue, TOO_SLOW } from './front-dialogue.ts';
import { FrontResponse } from './front-response.ts';
import { KeptContent } from './kept-content.ts';
import type { RequestOutcome } from './observer.ts';
import type { Outlet } from './outlet.ts';
import { prioritise } from './priority.ts';
import type { RequestAccount } from './request-account.ts';
import type { Http1Request } from './request-head.ts';
import { ownedBytes } from './shared-reading.ts';
import type { Carrier } from './tunnel.ts';

/** The connection that an exchange happens on, as far as the exchange needs it. */
export interface ExchangeOwner {
  /** The Forwarded element of this hop, when one is to be added. */
  readonly forwarded: string | undefined;
  readonly outlet: Outlet;
  /** Reads no more of the request's content for now, and reads on. */
  hold(): void;
  release(): void;
  /** Answers, and closes: the request was wrong, or cannot be read to its end. */
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
export class FrontExchange implements FrontAsker {
  readonly isUpgrade = false;
  readonly #request: Http1Request;
  readonly #response: FrontResponse;
  readonly #owner: ExchangeOwner;
  readonly #context: FrontContext;
  readonly #dialogue: FrontDialogue;
  readonly #kept = new KeptContent();
  #head: RequestHead | undefined;
  /** What became of the request's content: `held` while it has to wait for the stream, not for the client. */
  #upload: 'coming' | 'held' | 'unwanted' | 'complete' = 'coming';
  #trailers: readonly string[] = [];
  #isOver = false;

  constructor(request: Http1Request, owner: ExchangeOwner, context: FrontContext) {
    this.#request = request;
    this.#response = new FrontResponse(request, owner.outlet);
    this.#owner = owner;
    this.#context = context;
    this.#dialogue = new FrontDialogue(request, context, this);
  }

  /** Whether the client keeps the connection, and was told that we do. */
  get persists(): boolean {
    return this.#head?.persists === true && this.#response.persists;
  }

  // Whether the client has more to send before the request is complete.
  get #isIncomplete(): boolean {
    return this.#upload !== 'complete';
  }

  /** Asks the other end, unless there is a `refusal`. Gives where the request's content ends. */
  start(refusal: Rejection | undefined): RequestHead['contentEnd'] {
    this.#dialogue.contained(() => {
      if (refusal !== undefined) throw refusal;
      this.#head = requestToHttp3(this.#request, this.#context.limits, this.#owner.forwarded);
      this.#dialogue.account.passedOn(this.#head.fields);
      if (this.#head.contentEnd === 0) this.#upload = 'complete';
      else this.#hold();
      this.#dialogue.open();
    });
    return this.#head?.contentEnd ?? 0;
  }

  /** The client hung up. */
  onClientGone(): void {
    if (this.#isOver) return;
    this.#dialogue.abandon();
    // It may have hung up one way only, and would take our end for that of the response.
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
      this.#dialogue.answered(this.#response.head(fields, this.#mayPersist));
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

  /** The client takes more again. */
  onRoom(): void {
    this.#dialogue.stream?.resume();
  }

  onDrain(): void {
    this.#dialogue.touch();
    this.#release();
  }

  // A rejection is told of sending first, and of receiving then: in between nothing must be lost.
  onStopped(code: number): void {
    if (this.#upload !== 'coming' && this.#upload !== 'held') return;
    if (code === Code.H3_REQUEST_REJECTED) this.#hold();
    else this.#discardUpload();
  }

  onFailed(failure: StreamFailure): void {
    this.#dialogue.lost();
    if (this.#isOver) return;
    if (this.#upload === 'coming') this.#hold();
    if (this.#kept.isWhole && this.#dialogue.retry(failure)) return;
    this.fail(streamRejection(failure));
  }

  /** Content of the request, in memory that may be used again afterwards. */
  onContent(bytes: Buffer): void {
    const { stream } = this.#dialogue;
    if (this.#upload === 'unwanted' || stream === undefined) return;
    this.#dialogue.touch();
    this.#dialogue.account.requestBytes += bytes.length;
    const content = ownedBytes(bytes);
    this.#kept.add(content);
    this.#dialogue.contained(() => {
      if (!stream.sendData(content)) this.#hold();
    });
  }

  /** The request is complete. */
  onRequestEnd(trailers: readonly string[]): void {
    if (this.#isOver || this.#upload === 'complete') return;
    const isWanted = this.#upload !== 'unwanted';
    this.#upload = 'complete';
    this.#trailers = trailers;
    this.#dialogue.contained(() => {
      if (isWanted && this.#dialogue.stream !== undefined) this.#endUpload(this.#dialogue.stream);
      this.#settle();
    });
  }

  onQuiet(): void {
    this.fail(this.#upload === 'coming' ? REQUEST_TOO_SLOW : TOO_SLOW);
  }

  fail(rejection: Rejection): void {
    if (this.#isOver) return;
    this.#dialogue.abandon();
    this.#dialogue.account.outcome = 'failed';
    if (this.#response.begun) this.#cut(rejection);
    else if (rejection.status < 500 || this.#head === undefined) this.#refuse(rejection);
    else this.#answer(rejection);
  }

  // A client that waited for 100 and got a final answer may send its content or not (RFC 9110 §10.1.1): what comes next would
  // have two readings.
  get #mayPersist(): boolean {
    if (this.#context.closing || this.#head === undefined || !this.#head.persists) return false;
    return !this.#head.expectsContinue || this.#response.continued || !this.#isIncomplete;
  }

  #send(stream: RequestStream): void {
    if (this.#head === undefined) return;
    const { fields, contentEnd } = this.#head;
    prioritise(stream, fields, fields);
    stream.sendHeaders(fields, contentEnd === 0);
    if (contentEnd === 0) this.#dialogue.awaitHead();
    else this.#sendContent(stream);
  }

  // What is kept of what went into the stream before, and then on from where that stopped.
  #sendContent(stream: RequestStream): void {
    const hasRoom = this.#kept.sendTo(stream);
    if (this.#upload === 'complete') this.#endUpload(stream);
    else if (hasRoom) this.#release();
  }

  #endUpload(stream: RequestStream): void {
    stream.end(trailersToHttp3(this.#trailers, this.#context.limits));
    this.#dialogue.awaitHead();
  }

  #hold(): void {
    if (this.#upload !== 'coming') return;
    this.#upload = 'held';
    this.#owner.hold();
  }

  #release(): void {
    if (this.#upload !== 'held') return;
    this.#upload = 'coming';
    this.#owner.release();
  }

  #cut(rejection: Rejection): void {
    this.#dialogue.log('warn', rejection.message, rejection.status);
    this.#owner.cut(this.#response.closeDelimited);
    this.#finish('failed');
  }

  #refuse(rejection: Rejection): void {
    this.#owner.refuse(rejection, this.#dialogue.account);
    this.#finish('failed');
  }

  #answer(rejection: Rejection): void {
    const { status, message } = rejection;
    this.#dialogue.log('warn', message, status);
    this.#dialogue.answered(status);
    const { account } = this.#dialogue;
    const answer = synthetic('client', status, message, account.id);
    account.responseBytes += this.#response.synthetic(answer, this.#mayPersist);
    if (this.#isIncomplete) this.#discardUpload();
    else this.#settle();
  }

  #discardUpload(): void {
    this.#upload = 'unwanted';
    this.#kept.drop();
    this.#owner.release();
    this.#settle();
  }

  #settle(): void {
    if (!this.#response.ended || this.#isOver) return;
    if (this.#upload === 'complete') this.#finish('complete');
    else if (this.#upload === 'unwanted') this.#owner.linger();
  }

  #finish(outcome: RequestOutcome): void {
    this.#isOver = true;
    this.#dialogue.over(outcome);
    this.#owner.onOver(this);
  }
}

const REQUEST_TOO_SLOW = new Rejection(408, 'the request takes too long');
