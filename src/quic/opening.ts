import type { Buffer } from 'node:buffer';
import { FirstFlight, HANDSHAKE_TIMEOUT, HandshakeBudget } from './handshake.ts';
import type { QuicOptions } from './options.ts';
import type { Role } from './port.ts';

/** A server may send this many times the bytes that it received from an address not yet validated (RFC 9000 §8.1). */
const AMPLIFICATION_LIMIT = 3;

/**
 * What the engine holds of a handshake, bytes: of any, for each byte that came, and for each millisecond that it took to read
 * them, for certificates that are slow to read fill memory all the while.
 */
const WEIGHT = { least: 256 * 1024, byte: 32, millisecond: 256 * 1024 };

/** A connection until its peer is authenticated: what it may cost, how long it may take, what is sent again. */
export class Opening {
  readonly #role: Role;
  readonly #budget: HandshakeBudget;
  readonly #flight: FirstFlight;
  /** When to give up. */
  readonly until: number;
  #readFor = 0;

  /** `handshakeBytes`: most that the peer may send in Handshake packets. */
  constructor(role: Role, options: QuicOptions, handshakeBytes: number | undefined, now: number) {
    this.#role = role;
    this.#budget = new HandshakeBudget(handshakeBytes);
    this.#flight = new FirstFlight(options.initialRtt);
    this.until = now + Math.min(HANDSHAKE_TIMEOUT, options.maxIdleTimeout);
  }

  /** What the engine may have come to hold because of it, bytes: a guess, and rather too much. */
  get weight(): number {
    return WEIGHT.least + WEIGHT.byte * this.#budget.received + WEIGHT.millisecond * this.#readFor;
  }

  /** The engine took so many milliseconds to read a datagram. */
  read(milliseconds: number): void {
    this.#readFor += milliseconds;
  }

  /** A datagram came. False: that is more than a handshake takes. */
  admit(datagram: Buffer): boolean {
    if (!this.#budget.admit(datagram)) return false;
    if (this.#role === 'client') this.#flight.answered();
    return true;
  }

  /** A datagram left. */
  sent(datagram: Buffer, now: number): void {
    this.#flight.sent(datagram, now);
  }

  /** When {@link repeat} has something to say, or it is time to give up. */
  get due(): number {
    return Math.min(this.#flight.due, this.until);
  }

  /** The engine's own retransmission would come too early before this time. */
  get engineWaitsUntil(): number {
    return this.#flight.engineWaitsUntil();
  }

  /** The datagrams to send again now; the engine has sent `sentBytes` so far. */
  repeat(now: number, sentBytes: number): readonly Buffer[] {
    return this.#flight.repeat(now, this.#allowance(sentBytes));
  }

  #allowance(sentBytes: number): number {
    if (this.#role === 'client') return Number.POSITIVE_INFINITY;
    return AMPLIFICATION_LIMIT * this.#budget.received - sentBytes - this.#flight.repeatedBytes;
  }
}
