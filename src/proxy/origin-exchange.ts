import type { ClientRequest, IncomingMessage } from 'node:http';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import { Intake, type IntakeEvents } from './body.ts';
import { Rejection } from './failures.ts';
import { fieldValue, responseToHttp3, trailersToHttp1, trailersToHttp3 } from './fields.ts';
import type { RequestOutcome } from './observer.ts';
import type { OriginContext } from './origin-context.ts';
import { type AdmittedRequest, NO_ANSWER, type OriginAsker, OriginDialogue } from './origin-dialogue.ts';
import { type OriginTarget, originTarget } from './origin-request.ts';
import { OriginUpload } from './origin-upload.ts';
import { prioritise } from './priority.ts';

/**
 * One request out of the tunnel and its response from the origin. Both directions run at once; it is over when the
 * response is, for nobody waits for an upload then.
 */
export class OriginExchange implements RequestStreamEvents, IntakeEvents, OriginAsker {
  readonly #stream: RequestStream;
  readonly #fields: FieldLines;
  readonly #context: OriginContext;
  readonly #dialogue: OriginDialogue;
  #target: OriginTarget = { method: '', path: '' };
  #upload: OriginUpload | undefined;
  #intake: Intake | undefined;
  #response: IncomingMessage | undefined;
  #isOver = false;

  constructor(admitted: AdmittedRequest, fields: FieldLines, context: OriginContext) {
    this.#stream = admitted.stream;
    this.#fields = fields;
    this.#context = context;
    this.#dialogue = new OriginDialogue(admitted, context, this);
  }

  start(): void {
    this.#dialogue.contained(() => {
      this.#target = originTarget(this.#fields);
      const opener = (request: ClientRequest) => this.#listen(request);
      this.#upload = new OriginUpload(this.#target, this.#fields, this.#dialogue.hop, this.#context, opener);
      this.#upload.start(() => this.#dialogue.contained(() => this.#upload?.sendHead()));
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
    this.#dialogue.contained(() => {
      this.#upload?.end();
      this.#dialogue.awaitHead();
    });
  }

  onDrain(): void {
    this.#dialogue.touch();
    this.#intake?.resume();
  }

  onStopped(): void {
    // Nobody wants the response.
    this.#cancel();
  }

  onFailed(failure: StreamFailure): void {
    if (!this.#isOver) this.#dialogue.log('debug', `request stream failed: ${failure.reason}`);
    this.#cancel();
  }

  onChunk(chunk: Uint8Array): boolean {
    this.#dialogue.touch();
    this.#dialogue.account.responseBytes += chunk.length;
    return true;
  }

  onComplete(): void {
    if (this.#isOver) return;
    this.#dialogue.contained(() => {
      this.#stream.end(trailersToHttp3(this.#response?.rawTrailers ?? [], this.#context.limits));
      this.#complete();
    });
  }

  onBroken(): void {
    this.fail(new Rejection(502, "the origin's response ended early"));
  }

  onQuiet(): void {
    const isClientSlow = this.#upload?.isComplete === false && !this.#upload.isFull;
    this.fail(isClientSlow ? new Rejection(408, 'the request takes too long') : NO_ANSWER);
  }

  fail(rejection: Rejection): void {
    if (this.#isOver) return;
    this.#dialogue.refuse(rejection);
    if (this.#response === undefined && this.#upload?.isComplete !== true) {
      this.#stream.stopReceiving(Code.H3_NO_ERROR);
    }
    this.#finish('failed');
  }

  #listen(request: ClientRequest): void {
    this.#dialogue.listen(request);
    request.on('drain', () => {
      this.#dialogue.touch();
      this.#stream.resume();
    });
    request.on('response', (response) => this.#dialogue.contained(() => this.#onResponse(response)));
  }

  #onResponse(response: IncomingMessage): void {
    response.on('error', ignore);
    if (this.#isOver) return;
    this.#dialogue.touch();
    const status = response.statusCode ?? 0;
    const { fields, keepAlive } = responseToHttp3(status, response, this.#context.limits);
    if (keepAlive !== undefined) this.#context.pool.hint(response.socket, keepAlive);
    this.#dialogue.answered(status);
    this.#response = response;
    const isBodiless = this.#target.method === 'HEAD' || status === 204 || status === 304;
    const isEmpty = isBodiless || fieldValue(fields, 'content-length') === '0';
    prioritise(this.#stream, this.#fields, fields);
    this.#stream.sendHeaders(fields, isEmpty);
    if (isEmpty) {
      response.resume();
      this.#complete();
    } else {
      this.#intake = new Intake(response, this);
      this.#intake.start(this.#stream);
    }
  }

  // The response is passed on. An upload still on its way is not wanted any more (RFC 9114 §4.1).
  #complete(): void {
    if (this.#upload?.isComplete === false) {
      this.#stream.stopReceiving(Code.H3_NO_ERROR);
      this.#finish('complete');
    } else {
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

  // Leaves the connection to the pool.
  #leave(outcome: RequestOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#dialogue.over(outcome);
    this.#context.leave(this, outcome);
  }
}

function ignore(): void {
  // Heard by the intake, once it reads.
}
