import type { ClientRequest, IncomingMessage, InformationEvent } from 'node:http';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import { Intake, type IntakeEvents } from './body.ts';
import { asRejection, failureId, loggedPath, Rejection } from './failures.ts';
import { fieldValue, interimToHttp3, responseToHttp3, trailersToHttp1, trailersToHttp3 } from './fields.ts';
import type { OriginContext } from './origin-context.ts';
import { originRejection } from './origin-errors.ts';
import { type OriginTarget, originTarget } from './origin-request.ts';
import { OriginUpload } from './origin-upload.ts';
import { QuietTimer } from './quiet-timer.ts';
import { sendRefusal } from './refusal.ts';

/**
 * One request out of the tunnel and its response from the origin. Both directions run at once; it is over when the
 * response is, for nobody waits for an upload then.
 */
export class OriginExchange implements RequestStreamEvents, IntakeEvents {
  readonly #stream: RequestStream;
  readonly #fields: FieldLines;
  readonly #context: OriginContext;
  readonly #forwarded: string | undefined;
  readonly #quiet: QuietTimer;
  #target: OriginTarget = { method: '', path: '' };
  #upload: OriginUpload | undefined;
  #intake: Intake | undefined;
  #response: IncomingMessage | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #headTimer: NodeJS.Timeout | undefined;
  #interims = 0;
  #isOver = false;

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
    this.#contained(() => {
      this.#target = originTarget(this.#fields);
      const opener = (request: ClientRequest) => this.#listen(request);
      this.#upload = new OriginUpload(this.#target, this.#fields, this.#forwarded, this.#context, opener);
      this.#upload.start(() => this.#contained(() => this.#upload?.sendHead()));
    });
  }

  /** Breaks both sides off. */
  abort(): void {
    if (this.#isOver) return;
    this.#stream.cancel(Code.H3_INTERNAL_ERROR);
    this.#finish();
  }

  onInterim(): void {
    // A server gets none.
  }

  onHeaders(): void {
    // A server got them before it made this.
  }

  onData(chunk: Uint8Array): void {
    this.#quiet.touch();
    try {
      if (this.#upload?.write(chunk) === false) this.#stream.pause();
    } catch (error) {
      this.#onFault(error);
    }
  }

  onTrailers(fields: FieldLines): void {
    this.#contained(() => this.#upload?.addTrailers(trailersToHttp1(fields)));
  }

  onEnd(): void {
    this.#contained(() => {
      this.#upload?.end();
      const { requestTimeout } = this.#context;
      if (requestTimeout === undefined || this.#isOver || this.#response !== undefined) return;
      this.#headTimer = setTimeout(() => this.#fail(NO_ANSWER), requestTimeout);
    });
  }

  onDrain(): void {
    this.#quiet.touch();
    this.#intake?.resume();
  }

  onStopped(): void {
    // Nobody wants the response.
    this.#cancel();
  }

  onFailed(failure: StreamFailure): void {
    const details = { method: this.#target.method, path: loggedPath(this.#target.path), code: failure.code };
    if (!this.#isOver) this.#context.logger.debug(details, `request stream failed: ${failure.reason}`);
    this.#cancel();
  }

  onChunk(): boolean {
    this.#quiet.touch();
    return true;
  }

  onComplete(): void {
    if (this.#isOver) return;
    this.#contained(() => {
      this.#stream.end(trailersToHttp3(this.#response?.rawTrailers ?? [], this.#context.limits));
      this.#complete();
    });
  }

  onBroken(): void {
    this.#fail(new Rejection(502, "the origin's response ended early"));
  }

  #listen(request: ClientRequest): void {
    request.on('socket', (socket) => {
      if (!socket.connecting) return;
      this.#connectTimer = setTimeout(() => this.#fail(NO_CONNECTION), this.#context.connectTimeout);
      socket.once('connect', () => clearTimeout(this.#connectTimer));
    });
    request.on('drain', () => {
      this.#quiet.touch();
      this.#stream.resume();
    });
    request.on('information', (info) => this.#contained(() => this.#onInformation(info)));
    request.on('response', (response) => this.#contained(() => this.#onResponse(response)));
    request.on('error', (error) => this.#onError(error));
    // Without a word before, as after a 101 that nobody asked for.
    request.on('close', () => this.#onClose());
  }

  #onInformation(info: InformationEvent): void {
    if (this.#isOver) return;
    this.#quiet.touch();
    if (++this.#interims > MAX_INTERIMS)
      throw new Rejection(502, 'too many interim responses from the origin');
    this.#stream.sendHeaders(interimToHttp3(info.statusCode, info.rawHeaders, this.#context.limits), false);
  }

  #onResponse(response: IncomingMessage): void {
    response.on('error', ignore);
    if (this.#isOver) return;
    this.#quiet.touch();
    const status = response.statusCode ?? 0;
    const { fields, keepAlive } = responseToHttp3(status, response, this.#context.limits);
    if (keepAlive !== undefined) this.#context.pool.hint(response.socket, keepAlive);
    clearTimeout(this.#headTimer);
    this.#response = response;
    const isBodiless = this.#target.method === 'HEAD' || status === 204 || status === 304;
    const isEmpty = isBodiless || fieldValue(fields, 'content-length') === '0';
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
      this.#finish();
    } else {
      this.#leave();
    }
  }

  #onError(error: NodeJS.ErrnoException): void {
    if (this.#isOver) return;
    this.#fail(originRejection(error));
  }

  #onClose(): void {
    if (this.#response === undefined) this.#fail(new Rejection(502, 'the origin closed the connection'));
  }

  #onQuiet(): void {
    const isClientSlow = this.#upload?.isComplete === false && !this.#upload.isFull;
    this.#fail(isClientSlow ? new Rejection(408, 'the request takes too long') : NO_ANSWER);
  }

  // Ends the exchange early: with a response that says why if none has begun, else with a reset.
  #fail(rejection: Rejection): void {
    if (this.#isOver) return;
    const id = failureId();
    const details = {
      id,
      status: rejection.status,
      method: this.#target.method,
      path: loggedPath(this.#target.path),
    };
    this.#context.logger.warn(details, rejection.message);
    if (this.#response !== undefined) this.#stream.cancel(Code.H3_INTERNAL_ERROR);
    else this.#answer(rejection, id);
    this.#finish();
  }

  #answer(rejection: Rejection, id: string): void {
    sendRefusal(this.#stream, rejection, id, this.#target.method !== 'HEAD');
    if (this.#upload?.isComplete !== true) this.#stream.stopReceiving(Code.H3_NO_ERROR);
  }

  // The peer gave the request up.
  #cancel(): void {
    if (this.#isOver) return;
    this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#finish();
  }

  #finish(): void {
    this.#leave();
    this.#upload?.destroy();
  }

  // Leaves the connection to the pool.
  #leave(): void {
    if (this.#isOver) return;
    this.#isOver = true;
    this.#quiet.stop();
    clearTimeout(this.#connectTimer);
    clearTimeout(this.#headTimer);
    this.#context.leave(this);
  }

  // A fault in one request ends that request alone.
  #contained(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.#onFault(error);
    }
  }

  #onFault(error: unknown): void {
    if (!(error instanceof Rejection))
      this.#context.logger.error({ err: error }, 'a request failed unexpectedly');
    this.#fail(asRejection(error));
  }
}

function ignore(): void {
  // Heard by the intake, once it reads.
}

const MAX_INTERIMS = 16;
const NO_ANSWER = new Rejection(504, 'no answer from the origin in time');
const NO_CONNECTION = new Rejection(504, 'no connection to the origin in time');
