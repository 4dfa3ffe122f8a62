import { NewestMap } from '../bytes/newest-map.ts';
import { FloodBudget } from '../h3/flood-budget.ts';

/** Useless units that a client may use up at once, besides one for each request that it may have in flight. */
const BURST = 1000;

/** And with each new connection: what an honest client does at its beginning, to keep servers used to what they do not know. */
const BEGINNING = 64;

/** Clients that are kept in mind. */
const CAPACITY = 256;

/** What each client may make a server do in vain: by its certificate, so that a new connection is no new beginning. */
export class FloodBudgets {
  readonly #now: () => number;
  readonly #budgets = new NewestMap<string, FloodBudget>(CAPACITY);

  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of the client whose certificate has this fingerprint; `maxRequests` may be in flight. */
  of(fingerprint: string, maxRequests: number): FloodBudget {
    const budget = this.#budgets.get(fingerprint) ?? new FloodBudget(this.#now, BURST + maxRequests);
    budget.renew(BEGINNING);
    this.#budgets.set(fingerprint, budget);
    return budget;
  }
}
