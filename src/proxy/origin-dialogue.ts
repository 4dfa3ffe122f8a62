import { Code } from '../h3/codes.ts';
import type { RequestStream } from '../h3/port.ts';
import { type Deadline, Deadlines } from './deadlines.ts';
import { asRejection, Rejection } from './failures.ts';
import { type HopFields, interimToHttp3 } from './fields.ts';
import type { RequestOutcome } from './observer.ts';
import type { OriginContext } from './origin-context.ts';
import { Watched } from './quiet-watch.ts';
import { sendRefusal } from './refusal.ts';
import type { RequestAccount } from './request-account.ts';

/** A request that was let in. */
export interface AdmittedRequest {
  readonly stream: RequestStream;
  readonly account: RequestAccount;
  /** The Forwarded element of this hop, when one is to be added. */
  readonly forwarded: string | undefined;
}

/** Who passes it to the origin: an exchange, or an upgrade. */
export interface OriginAsker {
  /** Ends it early: with a response that says why if none has begun, else with a reset. */
  fail(rejection: Rejection): void;
  /** Nothing moved either way for too long. */
  onQuiet(): void;
}

/**
 * What a request has with the origin, whatever it is for: the times that all may take, interim responses, how it is
 * refused; its account.
 */
export class OriginDialogue extends Watched {
  readonly account: RequestAccount;
  readonly hop: HopFields;
  readonly #stream: RequestStream;
  readonly #context: OriginContext;
  readonly #asker: OriginAsker;
  #headDeadline: Deadline<OriginDialogue> | undefined;
  #connectTimer: NodeJS.Timeout | undefined;
  #interims = 0;
  #phase: 'asking' | 'answered' | 'over' = 'asking';

  constructor({ stream, account, forwarded }: AdmittedRequest, context: OriginContext, asker: OriginAsker) {
    super();
    this.account = account;
    this.hop = { forwarded, requestId: account.id };
    this.#stream = stream;
    this.#context = context;
    this.#asker = asker;
    context.quiet.add(this);
  }

  /** Something moved. */
  touch(): void {
    this.quietTicks = 0;
  }

  /** Waits for a connection that is being made. */
  connecting(): void {
    this.#connectTimer = setTimeout(() => this.#asker.fail(NO_CONNECTION), this.#context.connectTimeout);
  }

  /** The connection stands. */
  connected(): void {
    clearTimeout(this.#connectTimer);
  }

  /** From here on the answer depends on the origin alone, and request_timeout counts. */
  awaitHead(): void {
    if (this.#phase === 'asking') this.#headDeadline ??= this.#context.headDeadlines?.start(this);
  }

  /** Passes on an interim response. Throws a Rejection for one that may not come, or too many. */
  interim(status: number, rawHeaders: readonly string[]): void {
    if (this.#phase !== 'asking') return;
    this.touch();
    if (status === 101) throw new Rejection(502, 'the origin switched protocols without saying to which');
    if (++this.#interims > MAX_INTERIMS)
      throw new Rejection(502, 'too many interim responses from the origin');
    this.#stream.sendHeaders(interimToHttp3(status, rawHeaders, this.#context.limits), false);
  }

  /** The head of the origin's final response, or 101. */
  answered(status: number): void {
    this.#headDeadline?.leave();
    this.#phase = 'answered';
    this.account.answered(status);
  }

  /** Answers for the origin, or, after its answer has begun, breaks off. */
  refuse(rejection: Rejection): void {
    this.account.outcome = 'failed';
    this.log('warn', rejection.message, rejection.status);
    if (this.#phase === 'answered') this.#stream.cancel(Code.H3_INTERNAL_ERROR);
    else sendRefusal(this.#stream, rejection, this.account, this.account.method !== 'HEAD');
  }

  /** Nothing more will happen. */
  over(outcome: RequestOutcome): void {
    this.#phase = 'over';
    this.leave();
    clearTimeout(this.#connectTimer);
    this.#headDeadline?.leave();
    this.account.over(outcome);
  }

  onQuiet(): void {
    this.#asker.onQuiet();
  }

  /** The answer has not come in time. */
  onLate(): void {
    this.#asker.fail(NO_ANSWER);
  }

  /** Runs `step`; a fault in one request ends that request alone. */
  contained(step: () => void): void {
    try {
      step();
    } catch (error) {
      this.onFault(error);
    }
  }

  onFault(error: unknown): void {
    if (!(error instanceof Rejection))
      this.#context.logger.error({ request: this.account.id, err: error }, 'a request failed unexpectedly');
    this.#asker.fail(asRejection(error));
  }

  log(level: 'debug' | 'info' | 'warn', message: string, status?: number): void {
    this.#context.logger[level]({ ...this.account.details, status }, message);
  }
}

/** Who waits for the head of a response, at most so many milliseconds; none: no limit. */
export function originHeadDeadlines(time: number | undefined): Deadlines<OriginDialogue> | undefined {
  return time === undefined ? undefined : new Deadlines(time, (dialogue) => dialogue.onLate());
}

const MAX_INTERIMS = 16;

/** What is answered when the origin is to blame for nothing having come. */
export const NO_ANSWER = new Rejection(504, 'no answer from the origin in time');
const NO_CONNECTION = new Rejection(504, 'no connection to the origin in time');
