import { Buffer } from 'node:buffer';
import type { EngineAddress } from './native.ts';

export type RedundancyMode = 'Off' | 'Auto' | 'On';

/** How long after a datagram its copy follows, milliseconds: far enough not to be lost together with it. */
const DELAY = 4;

/**
 * A burst of up to this many datagrams is repeated whole, of a longer one the last datagram: losses further up are
 * revealed by what comes behind (RFC 9002 §6.1.1: three packets).
 */
const SHORT_BURST = 3;

/** Share of the sending rate that copies may take, and the time of it that may be saved up, milliseconds. */
const SHARE = 0.1;
const SAVED = 200;

/** In mode Auto: the loss from which copies are sent, over at least this many packets … */
const LOSS = 0.001;
const LOSS_WINDOW = 1000;
/** … or as soon as this many were lost within a window. */
const LOSSES = 3;
/** Copies hide the losses that they make good, so that they go on for a while, milliseconds. */
const PERSISTENCE = 600_000;

/** What the engine knows of packets on the path: counters since the beginning. */
export interface LossCounters {
  readonly sent: number;
  readonly lost: number;
}

interface Copy {
  readonly datagram: Buffer;
  readonly to: EngineAddress;
  readonly due: number;
}

/**
 * Second copies of datagrams that have nothing behind them: when such a datagram is lost, nothing reveals it, and a
 * small request waits for a time-out of two or three round trips. QUIC discards duplicates (RFC 9000 §12.3).
 */
export class Redundancy {
  readonly #mode: RedundancyMode;
  readonly #burst: Omit<Copy, 'due'>[] = [];
  readonly #copies: Copy[] = [];
  #burstLength = 0;
  #budget = 0;
  #budgetAt: number;
  #window: LossCounters = { sent: 0, lost: 0 };
  #lossyUntil = Number.NEGATIVE_INFINITY;
  /** Copies sent, and their bytes. */
  copies = 0;
  copiedBytes = 0;

  constructor(mode: RedundancyMode, now: number) {
    this.#mode = mode;
    this.#budgetAt = now;
  }

  /** When {@link release} has something to do; `Infinity` when nothing waits. */
  get due(): number {
    return this.#copies[0]?.due ?? Number.POSITIVE_INFINITY;
  }

  /** Takes the counters of the path; worth calling now and then. */
  observe({ sent, lost }: LossCounters, now: number): void {
    if (this.#mode !== 'Auto') return;
    const packets = sent - this.#window.sent;
    const losses = lost - this.#window.lost;
    if (losses >= LOSSES || (packets >= LOSS_WINDOW && losses > LOSS * packets)) {
      this.#lossyUntil = now + PERSISTENCE;
      this.#window = { sent, lost };
    } else if (packets >= LOSS_WINDOW) this.#window = { sent, lost };
  }

  /** A datagram with something in it that matters was sent. */
  sent(datagram: Buffer, to: EngineAddress, now: number): void {
    if (!this.#active(now)) return;
    this.#burstLength++;
    if (this.#burst.length === SHORT_BURST) this.#burst.shift();
    this.#burst.push({ datagram: Buffer.from(datagram), to });
  }

  /** Nothing comes behind the datagrams sent so far. `rate`: bytes a second that may be sent. */
  burstEnded(now: number, rate: number): void {
    if (this.#burst.length === 0) return;
    const from = this.#burstLength <= SHORT_BURST ? 0 : this.#burst.length - 1;
    this.#refill(now, rate);
    for (const { datagram, to } of this.#burst.slice(from)) {
      if (this.#budget < datagram.length) break;
      this.#budget -= datagram.length;
      this.#copies.push({ datagram, to, due: now + DELAY });
    }
    this.#burst.length = 0;
    this.#burstLength = 0;
  }

  /** Hands out the copies that are due, if `maySend`; otherwise they are not worth holding anything back for. */
  release(
    now: number,
    maySend: () => boolean,
    transmit: (datagram: Buffer, to: EngineAddress) => void,
  ): void {
    while (this.due <= now) {
      const copy = this.#copies.shift();
      if (copy === undefined || !maySend()) continue;
      this.copies++;
      this.copiedBytes += copy.datagram.length;
      transmit(copy.datagram, copy.to);
    }
  }

  #active(now: number): boolean {
    return this.#mode === 'On' || (this.#mode === 'Auto' && now < this.#lossyUntil);
  }

  #refill(now: number, rate: number): void {
    const perMillisecond = (SHARE * rate) / 1000;
    const earned = (now - this.#budgetAt) * perMillisecond;
    this.#budget = Math.min(SAVED * perMillisecond, this.#budget + earned);
    this.#budgetAt = now;
  }
}
