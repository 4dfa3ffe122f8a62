import type { SessionOptions } from '../h3/options.ts';
import { type Contract, decodeContract, encodeContract } from './contract.ts';
import { findMismatches } from './contract-rules.ts';
import type { Logger } from './failures.ts';

/** Most mismatches that are remembered as told: there are eight kinds, and settings change with a reload. */
const CAPACITY = 64;

/** What is known of the peer of a connection; plain data, for whoever shows it. */
export interface PeerFacts {
  /** The connection's number in the log. */
  readonly connection: number;
  readonly certificate: PeerCertificate | undefined;
  /** `undefined`: it has not said anything yet, or is of another make. */
  readonly contract: Contract | undefined;
}

/** The leaf that the peer presented in the handshake. */
export interface PeerCertificate {
  readonly subject: string;
  /** SHA-256, hexadecimal. */
  readonly fingerprint: string;
  /** When it expires, milliseconds since 1970. */
  readonly notAfter: number;
}

/** Tells peers of this end, hears what they say of theirs, and warns once of what does not fit together. */
export class Contracts {
  readonly #own: () => Contract;
  readonly #clock: () => number;
  readonly #logger: Logger;
  readonly #told = new Set<string>();

  /** `own`: what holds now, without the clock. `clock`: of the day, milliseconds since 1970. */
  constructor(own: () => Contract, clock: () => number, logger: Logger) {
    this.#own = own;
    this.#clock = clock;
    this.#logger = logger;
  }

  /** `options` for a session that tells the peer of us. */
  announcedIn(options: SessionOptions): SessionOptions {
    return { ...options, otherSettings: () => encodeContract({ ...this.#own(), clock: this.#clock() }) };
  }

  /** What the peer's settings say, if they say anything. */
  heard(settings: ReadonlyMap<number, number>, connection: number): Contract | undefined {
    const { contract, faults } = decodeContract(settings);
    if (faults.length > 0) {
      this.#logger.debug({ connection }, `ignored of what the peer says of itself: ${faults.join(', ')}`);
    }
    if (contract === undefined) return undefined;
    for (const { key, message } of findMismatches(this.#own(), contract, this.#clock())) {
      this.#logger[this.#isNews(key) ? 'warn' : 'debug']({ connection }, message);
    }
    return contract;
  }

  #isNews(key: string): boolean {
    if (this.#told.has(key)) return false;
    const [oldest] = this.#told;
    if (this.#told.size === CAPACITY && oldest !== undefined) this.#told.delete(oldest);
    this.#told.add(key);
    return true;
  }
}
