import { Buffer } from 'node:buffer';
import { initialToken } from './coalesced.ts';
import { connectionRefused } from './connection-refused.ts';
import { DropLog } from './drop-log.ts';
import type { Admission, Gate } from './gate.ts';
import type { Logger } from './log.ts';
import { DROPPED, type DropReason, type QuicMeter } from './meter.ts';
import { type EngineAddress, quiche } from './native.ts';
import {
  CONNECTION_ID_LENGTH,
  connectionKey,
  isInitial,
  type LongHeader,
  MIN_INITIAL_DATAGRAM,
  VERSION_1,
} from './packet.ts';
import { RateLimit } from './rate-limit.ts';
import { Recent } from './recent.ts';
import type { RetryOffer } from './retry-token.ts';
import type { StatelessResets } from './stateless-reset.ts';

/** A client's first connection ID for us has at least this many bytes (RFC 9000 §7.2). */
const MIN_INITIAL_CONNECTION_ID = 8;

/** Version negotiations and stateless resets that are sent: in a millisecond, and at once. */
const ANSWERS = { rate: 0.1, store: 50 };

/** How long, and for how many connections, it is remembered that they were there, milliseconds. */
const CLOSED = { memory: 30_000, capacity: 1024 };

/** A Retry packet is no longer than this. */
const RETRY_ROOM = 256;

/** Where answers leave. */
type Transmit = (datagram: Buffer, to: EngineAddress) => void;

/** What a server does with datagrams of no connection: none of it keeps any state, and no answer is larger than its cause. */
export class Strangers {
  readonly #gate: Gate;
  readonly #resets: StatelessResets;
  readonly #meter: QuicMeter;
  readonly #transmit: Transmit;
  readonly #drops: DropLog;
  readonly #closed = new Recent(CLOSED.memory, CLOSED.capacity);
  readonly #answers = new RateLimit(ANSWERS.rate, ANSWERS.store);

  constructor(
    gate: Gate,
    resets: StatelessResets,
    meter: QuicMeter,
    logger: Logger,
    clock: () => number,
    transmit: Transmit,
  ) {
    this.#gate = gate;
    this.#resets = resets;
    this.#meter = meter;
    this.#transmit = transmit;
    this.#drops = new DropLog(logger, clock);
  }

  /** A connection is gone; what still comes for `key` is no surprise. */
  closed(key: string, now: number): void {
    this.#closed.add(key, now);
  }

  /** A datagram with a short header for `key`, which is `undefined` where the datagram is too short for one. */
  short(datagram: Buffer, key: string | undefined, from: EngineAddress, now: number): void {
    if (key === undefined) {
      this.drop('not_quic', from);
      return;
    }
    if (this.#closed.has(key, now)) this.#meter.drops.closed_connection++;
    else this.drop('unknown_connection', from);
    const connectionId = datagram.subarray(1, 1 + CONNECTION_ID_LENGTH);
    const answer = this.#mayAnswer(now) ? this.#resets.answer(datagram, connectionId) : undefined;
    if (answer !== undefined) this.#transmit(answer, from);
  }

  /** A datagram with a long header. Gives what it takes to begin a handshake, if that may be. */
  long(datagram: Buffer, header: LongHeader, from: EngineAddress, now: number): Admission | undefined {
    if (header.version !== VERSION_1) return this.#negotiate(datagram, header, from, now);
    if (this.#closed.has(connectionKey(header.destination), now)) {
      this.#meter.drops.closed_connection++;
      return undefined;
    }
    if (!isInitial(datagram)) return this.drop('unknown_connection', from);
    const tooSmall = header.destination.length < MIN_INITIAL_CONNECTION_ID;
    if (tooSmall || datagram.length < MIN_INITIAL_DATAGRAM) return this.drop('too_small', from);
    const token = initialToken(datagram, header);
    if (token === undefined) return this.drop('not_quic', from);
    const verdict = this.#gate.judge(header, token, from, now);
    if (verdict === 'offender')
      this.#tell(
        header,
        'peers at this address had to be disconnected again and again; wait a little',
        from,
        now,
      );
    if (typeof verdict === 'string') return this.drop(verdict, from);
    if ('admission' in verdict) return verdict.admission;
    this.#retry(header, verdict.retry, from);
    return undefined;
  }

  /** The same while no handshake may begin: whoever may come is told so at once, and can try again soon. */
  refuse(datagram: Buffer, header: LongHeader, from: EngineAddress, now: number): undefined {
    const isFirst = header.version === VERSION_1 && isInitial(datagram);
    if (!isFirst || datagram.length < MIN_INITIAL_DATAGRAM || !this.#gate.allows(from)) return;
    this.#tell(header, 'the server is shutting down', from, now);
  }

  #tell(header: LongHeader, reason: string, from: EngineAddress, now: number): void {
    if (this.#mayAnswer(now)) this.#transmit(connectionRefused(header, reason), from);
  }

  drop(reason: DropReason, from: EngineAddress, detail = ''): undefined {
    this.#meter.drops[reason]++;
    this.#drops.dropped(detail === '' ? DROPPED[reason] : `${DROPPED[reason]}: ${detail}`, from);
    return undefined;
  }

  /** RFC 9000 §6.1: answered only when the datagram is large enough not to be amplified. */
  #negotiate(datagram: Buffer, header: LongHeader, from: EngineAddress, now: number): undefined {
    const tooSmall = datagram.length < MIN_INITIAL_DATAGRAM;
    if (header.version === 0 || tooSmall) return this.drop('not_quic', from);
    this.drop('version', from, `0x${header.version.toString(16)}`);
    if (!this.#mayAnswer(now)) return undefined;
    const answer = Buffer.allocUnsafe(MIN_INITIAL_DATAGRAM);
    const size = quiche.negotiateVersion(header.source, header.destination, answer);
    this.#transmit(answer.subarray(0, size), from);
    return undefined;
  }

  #retry(header: LongHeader, { connectionId, token }: RetryOffer, from: EngineAddress): void {
    this.#meter.retries++;
    const packet = Buffer.allocUnsafe(RETRY_ROOM);
    const { source, destination } = header;
    const size = quiche.retry(source, destination, connectionId, token, VERSION_1, packet);
    this.#transmit(packet.subarray(0, size), from);
  }

  #mayAnswer(now: number): boolean {
    if (!this.#answers.allows(now)) return false;
    this.#answers.spend(1);
    return true;
  }
}
