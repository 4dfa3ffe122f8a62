import { Buffer } from 'node:buffer';
import { hash } from 'node:crypto';
import { handshakeBytes } from './coalesced.ts';

/**
 * Bounds on what a peer may send before it is authenticated. The engine keeps whatever arrives in CRYPTO frames and
 * parses certificates before it has checked them: a few megabytes cost it hundreds (CVE-2024-1765, CVE-2026-35189).
 */
const INITIAL_BYTES = 8 * 1024;
/**
 * Certificates travel in Handshake packets. To read them can cost time and memory by the square of their size, 50 ms and
 * 10 MB at this bound, where three ordinary certificates fit.
 */
export const HANDSHAKE_BYTES = 5.5 * 1024;

/** How long a handshake may take, milliseconds. */
export const HANDSHAKE_TIMEOUT = 5000;

/**
 * Counts what arrives before the handshake is complete. Copies of what came before ({@link FirstFlight} makes them) are
 * discarded by the engine, and cost nothing.
 */
export class HandshakeBudget {
  readonly #seen = new Set<string>();
  readonly #limit: number;
  #initial = 0;
  #handshake = 0;
  /** Bytes that arrived so far, copies included. */
  received = 0;

  /** `limit`: bytes of Handshake packets. */
  constructor(limit: number = HANDSHAKE_BYTES) {
    this.#limit = limit;
  }

  /** False: this datagram is over the budget, and the connection is to be dropped. */
  admit(datagram: Buffer): boolean {
    this.received += datagram.length;
    const digest = hash('sha1', datagram, 'base64');
    if (this.#seen.has(digest)) return true;
    this.#seen.add(digest);
    const handshake = handshakeBytes(datagram);
    this.#handshake += handshake;
    this.#initial += datagram.length - handshake;
    return this.#initial <= INITIAL_BYTES && this.#handshake <= this.#limit;
  }
}

/**
 * The first retransmission comes when an answer is a round trip late, and not by less than this many milliseconds, which
 * both ends need for certificates and signatures. The engine's own, after three times its fixed estimate (RFC 9002
 * §6.2.2), is for a link that nobody knows.
 */
const LEAST_DELAY = 20;

/**
 * Waits double up to this, or to `initialRtt` where that is longer, milliseconds: an attempt that is under way when an
 * outage ends is to notice it soon.
 */
const LONGEST_WAIT = 500;

/** Most datagrams of a first flight that are kept. */
const FLIGHT_DATAGRAMS = 10;

/**
 * Repeats the first flight when nothing answers it, sooner than the engine would: its first round-trip estimate is
 * fixed at 333 ms. Sending a packet again is harmless to QUIC (RFC 9000 §12.3: duplicates are discarded). A longer
 * `initialRtt` makes the engine wait instead ({@link FirstFlight.engineWaitsUntil}).
 */
export class FirstFlight {
  readonly #flight: Buffer[] = [];
  #size = 0;
  #interval: number;
  readonly #longest: number;
  #due = Number.POSITIVE_INFINITY;
  #startedAt: number | undefined;
  #held = false;
  #done = false;
  /** Bytes sent again so far. */
  repeatedBytes = 0;

  constructor(initialRtt: number) {
    this.#interval = initialRtt + Math.max(initialRtt, LEAST_DELAY);
    this.#longest = Math.max(initialRtt, LONGEST_WAIT);
  }

  /** When {@link repeat} wants to be called; `Infinity` once it is over, or until more may be sent. */
  get due(): number {
    return this.#done || this.#held ? Number.POSITIVE_INFINITY : this.#due;
  }

  /** A datagram was sent before the handshake got anywhere. */
  sent(datagram: Buffer, now: number): void {
    if (this.#done || this.#flight.length >= FLIGHT_DATAGRAMS) return;
    this.#startedAt ??= now;
    this.#flight.push(Buffer.from(datagram));
    this.#size += datagram.length;
    this.#due = Math.min(this.#due, now + this.#interval);
  }

  /** Something arrived that answers the flight: from here on the engine measures for itself. */
  answered(): void {
    this.#done = true;
    this.#flight.length = 0;
  }

  /**
   * The datagrams to send again now. None when `allowance` (bytes; a server's is three times what it received, RFC 9000
   * §8.1) does not suffice: then as soon as it does. The next time is up to
   * twice as far away.
   */
  repeat(now: number, allowance: number): readonly Buffer[] {
    if (this.#done || this.#due > now) return [];
    this.#held = this.#size > allowance;
    if (this.#held) return [];
    this.#interval = Math.min(2 * this.#interval, this.#longest);
    this.#due = now + this.#interval;
    this.repeatedBytes += this.#size;
    return this.#flight;
  }

  /** The engine's own retransmission would come too early before this time. */
  engineWaitsUntil(): number {
    return this.#done || this.#startedAt === undefined ? 0 : this.#due;
  }
}
