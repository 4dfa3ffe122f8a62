import { Buffer } from 'node:buffer';
import { randomBytes } from 'node:crypto';
import { AllowList, networkOf } from './allow-list.ts';
import { HalfOpen } from './half-open.ts';
import { HANDSHAKE_BYTES } from './handshake.ts';
import type { DropReason } from './meter.ts';
import type { EngineAddress } from './native.ts';
import { Offenders } from './offenders.ts';
import { CONNECTION_ID_LENGTH, type LongHeader } from './packet.ts';
import { RateLimit } from './rate-limit.ts';
import { Recent } from './recent.ts';
import { type RetryOffer, RetryTokens } from './retry-token.ts';

/**
 * Processor time that handshakes may take which came to nothing, milliseconds for each millisecond and in store: a
 * certificate can be made to cost some fifty milliseconds. Those who were let in before from the same network have an
 * allowance of their own, so that a flood of strangers does not lock them out.
 */
const STRANGERS = { rate: 0.005, store: 100 };
const ACQUAINTANCES = { rate: 0.1, store: 1000 };

/** Bytes of Handshake packets from acquaintances, and from strangers after one of them was costly. */
const ACQUAINTANCE_BYTES = 16 * 1024;
const SUSPECT_BYTES = 4 * 1024;

/** From here on the time that a failed handshake took is suspicious, milliseconds, and for so long strangers pay for it. */
const COSTLY = 20;
const SUSPICION = 600_000;

/** Networks from which somebody was let in, and for how long that counts, milliseconds. */
const ACQUAINTED = { memory: 7 * 86_400_000, capacity: 256 };

/** A handshake that may begin. */
export interface Admission {
  readonly connectionId: Buffer;
  /** The connection ID of the client's very first packet, when there was a Retry since (RFC 9000 §7.3). */
  readonly originalId: Uint8Array | null;
  readonly network: string;
  readonly handshakeBytes: number;
}

/** What becomes of a first packet: the reason to drop it, a Retry, or a handshake. */
export type Verdict = DropReason | { readonly retry: RetryOffer } | { readonly admission: Admission };

/** Decides who may begin a handshake at the server's port, cheapest questions first. */
export class Gate {
  readonly #tokens = new RetryTokens();
  readonly #handshakes = new HalfOpen();
  readonly #offenders = new Offenders();
  readonly #acquainted = new Recent(ACQUAINTED.memory, ACQUAINTED.capacity);
  readonly #strangersTime = new RateLimit(STRANGERS.rate, STRANGERS.store);
  readonly #acquaintancesTime = new RateLimit(ACQUAINTANCES.rate, ACQUAINTANCES.store);
  #allowed: AllowList;
  #suspiciousUntil = 0;

  constructor(allowFrom: readonly string[] | undefined) {
    this.#allowed = new AllowList(allowFrom);
  }

  reconfigure(allowFrom: readonly string[] | undefined): void {
    this.#allowed = new AllowList(allowFrom);
  }

  /** Whether anybody at this address may come at all. */
  allows({ host }: EngineAddress): boolean {
    return this.#allowed.allows(host);
  }

  /** Judges an Initial packet of no known connection, with the token that it carries. */
  judge(header: LongHeader, token: Uint8Array, from: EngineAddress, now: number): Verdict {
    if (!this.allows(from)) return 'not_allowed';
    const proof = this.#tokens.check(token, header.destination, from, now);
    if (proof === 'invalid') return 'bad_token';
    const network = networkOf(from.host);
    if (!this.#offenders.allows(network, now)) return 'offender';
    const time = this.#timeOf(network, now);
    if (proof === 'foreign' && (this.#handshakes.isCrowded || !time.allows(now))) {
      return { retry: this.#tokens.offer(header.destination, from, now) };
    }
    if (!time.allows(now)) return 'handshake_time';
    const refusal = this.#handshakes.refusal(network);
    if (refusal !== undefined) return refusal;
    this.#handshakes.enter(network);
    const admission = {
      connectionId: proof === 'foreign' ? randomBytes(CONNECTION_ID_LENGTH) : Buffer.from(header.destination),
      originalId: proof === 'foreign' ? null : proof.originalId,
      network,
      handshakeBytes: this.#handshakeBytes(network, now),
    };
    return { admission };
  }

  /** A handshake is over, which took `time` ms of the processor: only in vain does it count. */
  handshakeOver({ network }: Admission, succeeded: boolean, time: number, now: number): void {
    this.#handshakes.leave(network);
    if (succeeded) this.#acquainted.add(network, now);
    else {
      if (time >= COSTLY) this.#suspiciousUntil = now + SUSPICION;
      this.#timeOf(network, now).spend(time);
    }
  }

  /** A peer at this address, who had proved who it is, has lost its connection for what it did. */
  blamed({ host }: EngineAddress, cost: number, now: number): void {
    this.#offenders.add(networkOf(host), cost, now);
  }

  #timeOf(network: string, now: number): RateLimit {
    return this.#acquainted.has(network, now) ? this.#acquaintancesTime : this.#strangersTime;
  }

  #handshakeBytes(network: string, now: number): number {
    if (this.#acquainted.has(network, now)) return ACQUAINTANCE_BYTES;
    return now < this.#suspiciousUntil ? SUSPECT_BYTES : HANDSHAKE_BYTES;
  }
}
