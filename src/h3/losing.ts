import type { RequestHandler } from './handlers.ts';
import type { StreamFailure } from './port.ts';

/** So many are told in one turn of the event loop: some milliseconds of work. */
const SLICE = 1000;

type Cause = Pick<StreamFailure, 'source' | 'code' | 'reason'>;

/**
 * Tells requests that their connection is lost. A peer may leave ten thousand behind, and others shall not wait until all of
 * them are told: there are turns of the event loop in between.
 */
export class Losing {
  readonly #left: { readonly request: RequestHandler; readonly cause: Cause }[] = [];
  #isArmed = false;
  #then: (() => void) | undefined;

  lose(requests: Iterable<RequestHandler>, cause: Cause): void {
    for (const request of requests) this.#left.push({ request, cause });
    if (!this.#isArmed) this.#next();
  }

  /** Calls `then` when all of them were told: perhaps now. */
  whenTold(then: () => void): void {
    if (this.#left.length === 0) then();
    else this.#then = then;
  }

  readonly #next = (): void => {
    this.#isArmed = false;
    for (const { request, cause } of this.#left.splice(0, SLICE))
      request.onLost({ ...cause, scope: 'connection', untouched: false });
    if (this.#left.length === 0) this.#then?.();
    else {
      this.#isArmed = true;
      setImmediate(this.#next);
    }
  };
}
