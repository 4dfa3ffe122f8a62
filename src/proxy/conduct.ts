import { NewestMap } from '../bytes/newest-map.ts';
import { FloodBudget } from '../h3/flood-budget.ts';
import type { AdmissionLimits } from './admission.ts';
import { CancelledRequests } from './cancelled-requests.ts';

/** Useless units that a client may use up at once, besides one for each request that it may have in flight. */
const BURST = 1000;

/** And with each new connection: what an honest client does at its beginning, to keep servers used to what they do not know. */
const BEGINNING = 64;

/** Clients that are kept in mind. */
const CAPACITY = 256;

/** What a client did of late that is bounded over all of its sessions. */
export interface Conduct {
  /** What it may still make a server do in vain. */
  readonly budget: FloodBudget;
  readonly cancelled: CancelledRequests;
}

/** How each client behaved: by its certificate, so that a new connection is no new beginning. */
export class Conducts {
  readonly #now: () => number;
  readonly #conducts = new NewestMap<string, Conduct>(CAPACITY);

  /** `now`: a monotonic clock in milliseconds. */
  constructor(now: () => number) {
    this.#now = now;
  }

  /** Of the client that has connected with a certificate of this fingerprint. */
  of(fingerprint: string, limits: AdmissionLimits): Conduct {
    const conduct = this.#conducts.get(fingerprint) ?? this.#begin(limits);
    conduct.budget.renew(BEGINNING);
    this.#conducts.set(fingerprint, conduct);
    return conduct;
  }

  #begin({ maxRequests, maxUpgrades }: AdmissionLimits): Conduct {
    return {
      budget: new FloodBudget(this.#now, BURST + maxRequests),
      cancelled: new CancelledRequests(this.#now, Math.max(maxRequests, maxUpgrades)),
    };
  }
}
