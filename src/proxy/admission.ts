import { performance } from 'node:perf_hooks';
import { Code } from '../h3/codes.ts';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines, RequestStream, RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import { Rejection } from './failures.ts';
import type { RequestWatch } from './observer.ts';
import { sendRefusal } from './refusal.ts';
import { RequestAccount } from './request-account.ts';
import type { Carrier } from './tunnel.ts';
import { isUpgrade } from './upgrade.ts';

/** How much of each kind may run at once. */
export interface AdmissionLimits {
  readonly maxRequests: number;
  readonly maxUpgrades: number;
}

/** A request whose head has come. */
export interface Arrival {
  readonly stream: RequestStream;
  readonly account: RequestAccount;
  readonly fields: FieldLines;
}

/** Hears once that nothing of a request runs any more. */
export type OnOver = () => void;

/** Lets a request run: as `SessionEvents.onRequest`. */
export type Run = (arrival: Arrival, onOver: OnOver) => RequestStreamEvents;

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
  readonly #carrier: Carrier;
  readonly #watch: RequestWatch;
  readonly #waiting = new Set<WaitingRequest>();
  #requests = 0;
  #upgrades = 0;
  /** Those that wait are looked after in a turn of the event loop to come. */
  #isServing = false;

  /** `carrier`: the connection of these requests. */
  constructor(limits: AdmissionLimits, run: Run, carrier: Carrier, watch: RequestWatch) {
    this.#limits = limits;
    this.#run = run;
    this.#carrier = carrier;
    this.#watch = watch;
  }

  /** Requests that wait for their turn. */
  get waiting(): number {
    return this.#waiting.size;
  }

  /** A request's head came. Returns who hears the rest. */
  onRequest(stream: RequestStream, fields: FieldLines): RequestStreamEvents {
    const arrival = this.#arrival(stream, fields);
    if (isUpgrade(fields)) return this.#admitUpgrade(arrival);
    const isTurn = this.#waiting.size === 0 && this.#requests < this.#limits.maxRequests;
    if (isTurn) return this.#runRequest(arrival);
    const waiting = new WaitingRequest(arrival, () => this.#waiting.delete(waiting));
    this.#waiting.add(waiting);
    return waiting;
  }

  /** The head of a request is over the limits, so that nobody has seen it. */
  onOversized(stream: RequestStream): void {
    this.#refuse(this.#arrival(stream, []), new Rejection(431, 'header fields too large'));
  }

  #arrival(stream: RequestStream, fields: FieldLines): Arrival {
    // As the origin sees it, and whoever asked at the other end.
    const method = isUpgrade(fields) ? 'GET' : (fieldValue(fields, ':method') ?? '');
    const target = fieldValue(fields, ':path') ?? '';
    const account = new RequestAccount(this.#watch.observer, method, target, fields);
    account.carried(this.#carrier, stream.id);
    return { stream, account, fields };
  }

  #runRequest(arrival: Arrival): RequestStreamEvents {
    this.#requests++;
    return this.#run(arrival, this.#onRequestOver);
  }

  readonly #onRequestOver = (): void => {
    this.#requests--;
    // In a turn of its own: of a session that is lost the others are given up now, and one that ends may let many run.
    if (this.#waiting.size === 0 || this.#isServing) return;
    this.#isServing = true;
    setImmediate(this.#serveWaiting);
  };

  readonly #onUpgradeOver = (): void => {
    this.#upgrades--;
  };

  readonly #serveWaiting = (): void => {
    const until = performance.now() + SERVING;
    let left = SERVED;
    let more = false;
    for (const next of this.#waiting) {
      if (this.#requests >= this.#limits.maxRequests) break;
      more = left-- === 0 || performance.now() >= until;
      if (more) break;
      this.#waiting.delete(next);
      next.run((arrival) => this.#runRequest(arrival));
    }
    this.#isServing = more;
    if (more) setImmediate(this.#serveWaiting);
  };

  #admitUpgrade(arrival: Arrival): RequestStreamEvents {
    if (this.#upgrades >= this.#limits.maxUpgrades) {
      this.#refuse(arrival, new Rejection(503, 'too many upgraded connections'));
      arrival.stream.stopReceiving(Code.H3_NO_ERROR);
      return NOBODY;
    }
    this.#upgrades++;
    return this.#run(arrival, this.#onUpgradeOver);
  }

  #refuse({ stream, account }: Arrival, rejection: Rejection): void {
    this.#watch.logger.warn({ ...account.details, status: rejection.status }, rejection.message);
    sendRefusal(stream, rejection, account, true);
    account.over('failed');
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

/** Requests that begin to run in one turn of the event loop, of those that waited, and for how long, milliseconds. */
const SERVED = 16;
const SERVING = 2;

/** A request that nobody serves yet. */
class WaitingRequest implements RequestStreamEvents {
  readonly #arrival: Arrival;
  readonly #onGone: () => void;
  #served: RequestStreamEvents | undefined;

  /** `onGone`: the peer gave it up. */
  constructor(arrival: Arrival, onGone: () => void) {
    this.#arrival = arrival;
    this.#onGone = onGone;
    arrival.stream.pause();
  }

  /** Its turn has come. */
  run(start: (arrival: Arrival) => RequestStreamEvents): void {
    this.#served = start(this.#arrival);
    this.#arrival.stream.resume();
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
    this.#arrival.stream.cancel(Code.H3_REQUEST_CANCELLED);
    this.#arrival.account.over('aborted');
    this.#onGone();
  }
}
