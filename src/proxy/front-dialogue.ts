import { Code } from '../h3/codes.ts';
import type { RequestStream, StreamFailure } from '../h3/port.ts';
import { type Deadline, Deadlines } from './deadlines.ts';
import { asRejection, Rejection } from './failures.ts';
import type { FrontContext } from './front-context.ts';
import type { RequestOutcome } from './observer.ts';
import { Watched } from './quiet-watch.ts';
import { RequestAccount } from './request-account.ts';
import type { Http1Request } from './request-head.ts';
import type { Carrier, StreamWaiter } from './tunnel.ts';

/** Who asks: an exchange, or an upgrade. */
export interface FrontAsker extends StreamWaiter {
  /** Ends it early: with a response that says why if none has begun, else by breaking off. */
  fail(rejection: Rejection): void;
  /** Nothing moved either way for too long. */
  onQuiet(): void;
}

/**
 * What a request has with the other end, whatever it is for: a stream, and another one where the first came to nothing;
 * the times that all may take; its account.
 */
export class FrontDialogue extends Watched {
  readonly account: RequestAccount;
  #stream: RequestStream | undefined;
  readonly #context: FrontContext;
  readonly #asker: FrontAsker;
  #isWatched = false;
  #headDeadline: Deadline<FrontDialogue> | undefined;
  #retries = 0;

  constructor(request: Http1Request, context: FrontContext, asker: FrontAsker) {
    super();
    this.#context = context;
    this.#asker = asker;
    this.account = accountOf(request, context);
  }

  get stream(): RequestStream | undefined {
    return this.#stream;
  }

  /** Asks for a stream. */
  open(): void {
    this.#context.tunnel.open(this.#asker);
  }

  /** The stream is there. */
  begin(stream: RequestStream, carrier: Carrier): void {
    this.#stream = stream;
    this.account.carried(carrier, stream.id);
    this.account.leftQueue();
    if (this.#isWatched) return;
    this.#isWatched = true;
    this.#context.quiet.add(this);
  }

  /** Something moved. */
  touch(): void {
    this.quietTicks = 0;
  }

  /** From here on the answer depends on the other side alone, and request_timeout counts. */
  awaitHead(): void {
    if (this.account.status === undefined) this.#headDeadline ??= this.#context.headDeadlines?.start(this);
  }

  /** The head of the response, from the other end or of our own making. */
  answered(status: number): void {
    this.#headDeadline?.leave();
    this.account.answered(status);
  }

  /** The stream failed. False when the request must not be sent again, or has been too often. */
  retry(failure: StreamFailure): boolean {
    if (!failure.untouched || ++this.#retries > MAX_RETRIES) return false;
    this.open();
    return true;
  }

  /** The stream is gone. */
  lost(): void {
    this.#stream = undefined;
  }

  /** Wants no stream, or not this one any more. */
  abandon(): void {
    if (this.#stream === undefined) this.#context.tunnel.cancel(this.#asker);
    else this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#stream = undefined;
  }

  /** Nothing more will happen. */
  over(outcome: RequestOutcome): void {
    this.leave();
    this.#headDeadline?.leave();
    this.account.over(outcome);
  }

  onQuiet(): void {
    this.#asker.onQuiet();
  }

  /** The answer has not come in time. */
  onLate(): void {
    this.#asker.fail(TOO_SLOW);
  }

  /** Runs `step`; a fault in one request ends that request alone. */
  contained(step: () => void): void {
    try {
      step();
    } catch (error) {
      if (!(error instanceof Rejection))
        this.#context.logger.error({ request: this.account.id, err: error }, 'a request failed unexpectedly');
      this.#asker.fail(asRejection(error));
    }
  }

  log(level: 'debug' | 'info' | 'warn', message: string, status?: number): void {
    this.#context.logger[level]({ ...this.account.details, status }, message);
  }
}

/** Who waits for the head of a response, at most so many milliseconds; none: no limit. */
export function frontHeadDeadlines(time: number | undefined): Deadlines<FrontDialogue> | undefined {
  return time === undefined ? undefined : new Deadlines(time, (dialogue) => dialogue.onLate());
}

/** Begins the account of a request. */
export function accountOf(request: Http1Request, { observer }: FrontContext): RequestAccount {
  return new RequestAccount(observer, request.method, request.target, request.rawHeaders);
}

const MAX_RETRIES = 3;

/** What is answered when the other side is to blame for nothing having come. */
export const TOO_SLOW = new Rejection(504, 'no answer in time');
