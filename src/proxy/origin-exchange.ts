import type { Buffer } from 'node:buffer';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import type { OnOver } from './admission.ts';
import { Exchange } from './exchange.ts';
import { Rejection } from './failures.ts';
import { responseToHttp3, trailersToHttp1, trailersToHttp3 } from './fields.ts';
import type { ContentEnd } from './message-parser.ts';
import type { RequestOutcome } from './observer.ts';
import type { ResponseListener } from './origin-connection.ts';
import type { OriginContext } from './origin-context.ts';
import { type AdmittedRequest, NO_ANSWER, type OriginAsker, OriginDialogue } from './origin-dialogue.ts';
import { type OriginTarget, originTarget } from './origin-request.ts';
import { OriginUpload } from './origin-upload.ts';
import { prioritise } from './priority.ts';
import type { ResponseHead } from './response-head.ts';
import { isShared } from './shared-reading.ts';

/**
 * One request out of the tunnel and its response from the origin. Both directions run at once; it is over when the
 * response is, for nobody waits for an upload then.
 */
export class OriginExchange extends Exchange implements RequestStreamEvents, ResponseListener, OriginAsker {
  readonly #stream: RequestStream;
  readonly #fields: FieldLines;
  readonly #context: OriginContext;
  readonly #dialogue: OriginDialogue;
  #target: OriginTarget = { method: '', path: '' };
  #upload: OriginUpload | undefined;
  /** What of the response has come: its head, or a head that is all of it. */
  #answer: 'none' | 'begun' | 'bare' = 'none';
  /** Whether the connection may have another request, and how long it is kept for that. */
  #persists = false;
  #keepAlive: string | undefined;
  #isOver = false;

  constructor(admitted: AdmittedRequest, fields: FieldLines, context: OriginContext, onOver: OnOver) {
    super(admitted, onOver);
    this.#stream = admitted.stream;
    this.#fields = fields;
    this.#context = context;
    this.#dialogue = new OriginDialogue(admitted, context, this);
  }

  start(): void {
    this.#dialogue.contained(() => {
      this.#target = originTarget(this.#fields);
      this.#upload = new OriginUpload(this.#target, this.#fields, this.#dialogue, this.#context, this);
      this.#upload.start(this.#stream.isWhole);
    });
  }

  /** Breaks both sides off. */
  abort(): void {
    if (this.#isOver) return;
    this.#stream.cancel(Code.H3_INTERNAL_ERROR);
    this.#finish('failed');
  }

  onInterim(): void {
    // A server gets none.
  }

  onHeaders(): void {
    // A server got them before it made this.
  }

  onData(chunk: Uint8Array): void {
    this.#dialogue.touch();
    this.#dialogue.account.requestBytes += chunk.length;
    try {
      if (this.#upload?.write(chunk) === false) this.#stream.pause();
    } catch (error) {
      this.#dialogue.onFault(error);
    }
  }

  onTrailers(fields: FieldLines): void {
    this.#dialogue.contained(() => this.#upload?.addTrailers(trailersToHttp1(fields)));
  }

  onEnd(): void {
    try {
      this.#upload?.end();
      this.#dialogue.awaitHead();
    } catch (error) {
      this.#dialogue.onFault(error);
    }
  }

  onDrain(): void {
    if (this.#isOver) return;
    this.#dialogue.touch();
    this.#upload?.connection?.resume();
  }

  onStopped(): void {
    // Nobody wants the response.
    this.#cancel();
  }

  onFailed(failure: StreamFailure): void {
    if (!this.#isOver) this.#dialogue.log('debug', `request stream failed: ${failure.reason}`);
    this.#cancel();
  }

  onConnected(): void {
    this.#dialogue.connected();
  }

  onRoom(): void {
    this.#dialogue.touch();
    this.#stream.resume();
  }

  onInterimHead({ status, rawHeaders }: ResponseHead): void {
    this.#dialogue.interim(status, rawHeaders);
  }

  onHead(head: ResponseHead): ContentEnd {
    this.#dialogue.touch();
    const { status } = head;
    const { fields, contentEnd, persists, keepAlive } = responseToHttp3(head, this.#context.limits);
    this.#dialogue.answered(status);
    const isBodiless = this.#target.method === 'HEAD' || status === 204 || status === 304;
    const isEmpty = isBodiless || contentEnd === 0;
    this.#persists = persists && (isEmpty || contentEnd !== 'close');
    this.#keepAlive = keepAlive;
    prioritise(this.#stream, this.#fields, fields);
    this.#stream.sendHeaders(fields, isEmpty);
    this.#answer = isEmpty ? 'bare' : 'begun';
    return isEmpty ? 0 : contentEnd;
  }

  onContent(content: Buffer): void {
    this.#dialogue.touch();
    this.#dialogue.account.responseBytes += content.length;
    if (!this.#stream.sendData(content, isShared(content))) this.#upload?.connection?.pause();
  }

  onResponseEnd(trailers: readonly string[]): void {
    try {
      if (this.#answer !== 'bare') this.#stream.end(trailersToHttp3(trailers, this.#context.limits));
      this.#complete();
    } catch (error) {
      this.#dialogue.onFault(error);
    }
  }

  onLost(rejection: Rejection): void {
    this.fail(this.#answer === 'none' ? rejection : new Rejection(502, "the origin's response ended early"));
  }

  onFault(error: unknown): void {
    this.#dialogue.onFault(error);
  }

  onQuiet(): void {
    const isClientSlow = this.#upload?.isComplete === false && !this.#upload.isFull;
    this.fail(isClientSlow ? new Rejection(408, 'the request takes too long') : NO_ANSWER);
  }

  fail(rejection: Rejection): void {
    if (this.#isOver) return;
    this.#dialogue.refuse(rejection);
    if (this.#answer === 'none' && this.#upload?.isComplete !== true) {
      this.#stream.stopReceiving(Code.H3_NO_ERROR);
    }
    this.#finish('failed');
  }

  // The response is passed on. An upload still on its way is not wanted any more (RFC 9114 §4.1).
  #complete(): void {
    if (this.#upload?.isComplete === false) {
      this.#stream.stopReceiving(Code.H3_NO_ERROR);
      this.#finish('complete');
    } else {
      if (this.#persists) this.#upload?.release(this.#keepAlive);
      else this.#upload?.destroy();
      this.#leave('complete');
    }
  }

  // The peer gave the request up.
  #cancel(): void {
    if (this.#isOver) return;
    this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#finish('aborted');
  }

  #finish(outcome: RequestOutcome): void {
    this.#leave(outcome);
    this.#upload?.destroy();
  }

  #leave(outcome: RequestOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#dialogue.over(outcome);
    this.#context.leave(this);
  }
}
