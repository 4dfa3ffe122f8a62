import { Buffer } from 'node:buffer';
import type { EngineConnection } from './native.ts';

/** How long it is tried to tell the peer of the end, milliseconds. */
const TIMEOUT = 1000;

/** Longest reason that is sent with CONNECTION_CLOSE, bytes: a frame that does not fit its packet is never sent. */
const REASON_LENGTH = 200;

/**
 * How long after CONNECTION_CLOSE its copies follow, milliseconds. Nothing acknowledges it, and a peer that missed it
 * waits for its idle timeout.
 */
const COPIES: readonly number[] = [5, 25];

/** What is needed of the engine. */
type ClosingEngine = Pick<EngineConnection, 'close'>;

/** The end of a connection that we want: what the peer is told, and how it is made sure that it hears of it. */
export class Closing {
  readonly #application: boolean;
  readonly #errorCode: number;
  readonly #reason: Buffer;
  #toldAt: number | undefined;
  #datagram: Buffer | undefined;
  #copies = 0;
  #strays = 0;

  /** `application`: whether `errorCode` is HTTP/3's or QUIC's (RFC 9000 §19.19). */
  constructor(application: boolean, errorCode: number, reason: string) {
    this.#application = application;
    this.#errorCode = errorCode;
    this.#reason = Buffer.from(reason).subarray(0, REASON_LENGTH);
  }

  /** The engine knows; what it sends from here on is CONNECTION_CLOSE. */
  get told(): boolean {
    return this.#toldAt !== undefined;
  }

  tell(engine: ClosingEngine, now: number): void {
    engine.close(this.#application, this.#errorCode, this.#reason);
    this.#toldAt = now;
  }

  /** A datagram is about to leave. */
  sent(datagram: Buffer): void {
    if (this.told) this.#datagram = Buffer.from(datagram);
  }

  /** Whether the engine had no chance to tell the peer, for too long. */
  isInVain(now: number): boolean {
    return now >= (this.#toldAt ?? Number.POSITIVE_INFINITY) + TIMEOUT;
  }

  /** No copy is to follow. */
  get isOver(): boolean {
    return this.#datagram === undefined || this.#copies >= COPIES.length;
  }

  /** When {@link repeat} or, unless the connection has `ended`, {@link isInVain} have something to say. */
  due(ended: boolean): number {
    const wait = ended ? this.#untilCopy : TIMEOUT;
    return (this.#toldAt ?? Number.POSITIVE_INFINITY) + wait;
  }

  /** Sends the copy that is due. */
  repeat(now: number, transmit: (datagram: Buffer) => void): void {
    if (this.#datagram === undefined || now < this.due(true)) return;
    this.#copies++;
    transmit(this.#datagram);
  }

  /** A datagram came although the peer was told: it is told again, at each power of two (RFC 9000 §10.2.1). */
  answer(transmit: (datagram: Buffer) => void): void {
    if (this.#datagram === undefined) return;
    const count = ++this.#strays;
    if ((count & (count - 1)) === 0) transmit(this.#datagram);
  }

  get #untilCopy(): number {
    return this.isOver ? Number.POSITIVE_INFINITY : (COPIES[this.#copies] ?? Number.POSITIVE_INFINITY);
  }
}
