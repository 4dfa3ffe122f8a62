import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import { failureId, type Logger, Rejection } from './failures.ts';
import { sendRefusal } from './refusal.ts';
import { isUpgrade } from './upgrade.ts';

/** How much of each kind may run at once. */
export interface AdmissionLimits {
  readonly maxRequests: number;
  readonly maxUpgrades: number;
}

/** Lets a request run: as `SessionEvents.onRequest`, and `onOver` is called once when it is over. */
export type Run = (stream: RequestStream, fields: FieldLines, onOver: () => void) => RequestStreamEvents;

/**
 * Decides which of a session's requests run.
 *
 * An upgraded connection holds its stream for hours, and QUIC's limit of streams knows no kinds: counted together,
 * a hundred idle WebSockets would leave no stream for a request. So the server allows as many streams as both limits
 * come to, and keeps the kinds apart itself. An upgrade over its limit is answered 503 at once: waiting would take hours. A
 * request over its limit waits for one before it, unread, so that its sender is held back by flow control. Thus upgrades
 * never take a request's place, the origin never sees more than `maxRequests` at once, and a client, ours or a foreign
 * one, needs to know nothing of it. Those that wait are bounded by the streams that QUIC allows.
 */
export class Admission {
  readonly #limits: AdmissionLimits;
  readonly #run: Run;
  readonly #logger: Logger;
  readonly #waiting = new Set<WaitingRequest>();
  #requests = 0;
  #upgrades = 0;
  #isServing = false;

  constructor(limits: AdmissionLimits, run: Run, logger: Logger) {
    this.#limits = limits;
    this.#run = run;
    this.#logger = logger;
  }

  /** A request's head came. Returns who hears the rest. */
  onRequest(stream: RequestStream, fields: FieldLines): RequestStreamEvents {
    if (isUpgrade(fields)) return this.#admitUpgrade(stream, fields);
    if (this.#requests < this.#limits.maxRequests) return this.#runRequest(stream, fields);
    const waiting = new WaitingRequest(stream, fields, () => this.#waiting.delete(waiting));
    this.#waiting.add(waiting);
    return waiting;
  }

  #runRequest(stream: RequestStream, fields: FieldLines): RequestStreamEvents {
    this.#requests++;
    return this.#run(stream, fields, this.#onRequestOver);
  }

  readonly #onRequestOver = (): void => {
    this.#requests--;
    if (!this.#isServing) this.#serveWaiting();
  };

  // One that runs may be over at once; what that leaves room for is seen by the same loop.
  #serveWaiting(): void {
    this.#isServing = true;
    for (const next of this.#waiting) {
      if (this.#requests >= this.#limits.maxRequests) break;
      this.#waiting.delete(next);
      next.run((stream, fields) => this.#runRequest(stream, fields));
    }
    this.#isServing = false;
  }

  #admitUpgrade(stream: RequestStream, fields: FieldLines): RequestStreamEvents {
    if (this.#upgrades >= this.#limits.maxUpgrades) return this.#refuse(stream);
    this.#upgrades++;
    return this.#run(stream, fields, () => this.#upgrades--);
  }

  #refuse(stream: RequestStream): RequestStreamEvents {
    const rejection = new Rejection(503, 'too many upgraded connections');
    const id = failureId();
    this.#logger.warn({ id, status: rejection.status }, rejection.message);
    sendRefusal(stream, rejection, id, true);
    stream.stopReceiving(Code.H3_NO_ERROR);
    return NOBODY;
  }
}

const NOBODY: RequestStreamEvents = {
  onInterim() {},
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onDrain() {},
  onStopped() {},
  onFailed() {},
};

/** A request that nobody serves yet. */
class WaitingRequest implements RequestStreamEvents {
  readonly #stream: RequestStream;
  readonly #fields: FieldLines;
  readonly #onGone: () => void;
  #served: RequestStreamEvents | undefined;

  /** `onGone`: the peer gave it up. */
  constructor(stream: RequestStream, fields: FieldLines, onGone: () => void) {
    this.#stream = stream;
    this.#fields = fields;
    this.#onGone = onGone;
    stream.pause();
  }

  /** Its turn has come. */
  run(start: (stream: RequestStream, fields: FieldLines) => RequestStreamEvents): void {
    this.#served = start(this.#stream, this.#fields);
    this.#stream.resume();
  }

  onInterim(): void {
    // A server gets none.
  }

  onHeaders(): void {
    // A server got them before it made this.
  }

  onData(chunk: Uint8Array): void {
    this.#served?.onData(chunk);
  }

  onTrailers(fields: FieldLines): void {
    this.#served?.onTrailers(fields);
  }

  onEnd(): void {
    this.#served?.onEnd();
  }

  onDrain(): void {
    this.#served?.onDrain();
  }

  onStopped(code: number): void {
    if (this.#served === undefined) this.#giveUp();
    else this.#served.onStopped(code);
  }

  onFailed(failure: StreamFailure): void {
    if (this.#served === undefined) this.#giveUp();
    else this.#served.onFailed(failure);
  }

  #giveUp(): void {
    this.#stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#onGone();
  }
}
