import { performance } from 'node:perf_hooks';
import type { FieldLines } from '../h3/port.ts';
import { loggedPath, printable } from './failures.ts';
import type { RequestObserver, RequestOutcome, RequestRecord } from './observer.ts';
import { carriedRequestId, givenRequestId, localRequestId } from './request-id.ts';
import type { Carrier } from './tunnel.ts';

/** What becomes of one request: noted while it runs, told to the observer once when it is over. */
export class RequestAccount implements RequestRecord {
  readonly method: string;
  readonly target: string;
  status: number | undefined;
  /** Other than `complete` once it is clear that it will not be. */
  outcome: RequestOutcome = 'complete';
  upgraded = false;
  requestBytes = 0;
  responseBytes = 0;
  duration = 0;
  queued = 0;
  waited: number | undefined;
  readonly #observer: RequestObserver;
  readonly #began = performance.now();
  #left: number | undefined;
  #isOver = false;
  #given: string | undefined;
  #local: string | undefined;
  #carrier: Carrier | undefined;
  #stream = 0;

  /** The request's head, with these fields, has just come. */
  constructor(observer: RequestObserver, method: string, target: string, fields: FieldLines) {
    this.#observer = observer;
    this.method = method;
    this.target = target;
    this.#given = givenRequestId(fields);
  }

  get id(): string {
    if (this.#given !== undefined) return this.#given;
    if (this.#carrier !== undefined) return carriedRequestId(this.#carrier, this.#stream);
    this.#local ??= localRequestId();
    return this.#local;
  }

  get connection(): number | undefined {
    return this.#carrier?.id;
  }

  /** How log lines tell of it. */
  get details(): object {
    const { id, method, target } = this;
    if (method === '') return { request: id };
    return { request: id, method: printable(method), path: loggedPath(target) };
  }

  /** These of its fields are passed on. */
  passedOn(fields: FieldLines): void {
    this.#given = givenRequestId(fields);
  }

  /** It has stream `id` of a connection. */
  carried(carrier: Carrier, id: number): void {
    this.#carrier = carrier;
    this.#stream = id;
  }

  /** It waits no more: from here on it depends on the other side. */
  leftQueue(): void {
    this.#left = performance.now();
    this.queued = this.#left - this.#began;
  }

  /** The head of the final response, whoever made it. */
  answered(status: number): void {
    this.status = status;
    if (this.#left !== undefined) this.waited = performance.now() - this.#left;
  }

  /** Everything is over. An outcome that was clear before stands. */
  over(outcome: RequestOutcome): void {
    if (this.#isOver) return;
    this.#isOver = true;
    if (this.outcome === 'complete') this.outcome = outcome;
    this.duration = performance.now() - this.#began;
    if (this.#left === undefined) this.queued = this.duration;
    this.#observer.onRequestOver(this);
  }
}
