import { GainCycle, QUEUE_LEAST } from './gain-cycle.ts';
import type { QuicOptions } from './options.ts';
import { LEAST_RTT, LeastRtt, RateFilter, UsedWindow } from './path-filters.ts';

/** What the pacer needs to know of the path, as the engine measures it. */
export interface PathState {
  /** Smoothed round-trip time, milliseconds; 0 before the first sample or under one. */
  readonly rtt: number;
  /** Congestion window, bytes. */
  readonly cwnd: number;
  /** Bytes a second that the peer acknowledged, of the engine's latest sample. */
  readonly deliveryRate: number;
}

type PacerOptions = Pick<
  QuicOptions,
  'congestionAlgorithm' | 'initialRtt' | 'initialWindow' | 'maxEgressRate'
>;

/** Twice what was sent in a round trip lets a window that is made use of double in the next one (slow start). */
const PROVEN_GAIN = 2;

/** With None, round trips count for no more than this many times the least or the configured one. */
const LATE_GAIN = 2;

/** How long a delivery rate sample counts, in round trips in which something was held back (as BBR's filter). */
const RATE_FILTER_ROUNDS = 10;

/** On a link that is known, by how much a sample may exceed what is being sent: faster ones are found step by step. */
const CREDIBLE_GROWTH = 1.125;

/** The best of many samples is better than the path: how much of it is to be believed. */
const RATE_TRUST = 0.95;

/**
 * The engine's Bbr never leaves recovery (quiche 0.18): a loss cuts its window to what is in flight, for a round trip; then
 * it grows by what is acknowledged until the next loss, which at 1 % comes after a hundred packets. A window that is short
 * because an end was busy or had little to send gets back to the link's rate only if it is filled in that time, faster
 * than the link carries it away. No queue stands for that: all that is in flight is less than the link holds.
 */
const REFILL_GAIN = 1.5;
/** So many round trips after the window was full it may still be short. */
const REFILL_ROUNDS = 2;

/**
 * A first window of up to ten full datagrams is what any connection may send (RFC 9002 §7.2): it promises nothing
 * about the link, and the rate is searched for. A larger one is the user's word on the link, and where it begins.
 */
const UNTUNED_WINDOW = 14_720;

/** The bucket holds this many datagrams or this time of rate, whichever is more. */
const BUCKET_DATAGRAMS = 10;
const BUCKET_MILLISECONDS = 2;

/**
 * A token bucket in front of the engine's output: datagrams leave at the rate that the path bears, in bursts that
 * a short queue bears. The engine's own release times cannot be read through its binding.
 *
 * - Loss-based algorithms: window / smoothed round-trip time. The engine stamps packets with the times at which its
 *   own pacer, a quarter faster, would let them go: who is faster than that makes it measure round trips too short. Only
 *   so much of the window counts as has lately been made use of ({@link UsedWindow}).
 * - Bbr: the best delivery rate of the last ten round trips, never under what the configuration promises of the
 *   link (`initial_window` / `initial_rtt`). Only when it lasts does more than that get tried, and less while round trips
 *   say that a queue has built up ({@link GainCycle}). While the engine's window keeps back what the link was promised to
 *   bear, faster: so that the window is full again soon ({@link Pacer.windowFull}).
 */
export class Pacer {
  readonly #options: PacerOptions;
  readonly #datagramSize: number;
  /** Bytes per millisecond. */
  #rate: number;
  #tokens: number;
  #lastRefill: number;
  readonly #leastRtt: LeastRtt = new LeastRtt();
  readonly #used = new UsedWindow();
  readonly #samples: RateFilter = new RateFilter();
  readonly #gains: GainCycle;
  #fullAt = Number.NEGATIVE_INFINITY;

  constructor(options: PacerOptions, datagramSize: number, now: number) {
    this.#options = options;
    this.#datagramSize = datagramSize;
    this.#rate = this.#capped(options.initialWindow / options.initialRtt);
    this.#gains = new GainCycle(options.initialWindow > UNTUNED_WINDOW, now);
    this.#lastRefill = now;
    this.#tokens = this.#capacity();
  }

  /** Bytes a second that are let through at present. */
  get rate(): number {
    return this.#rate * 1000;
  }

  /** Takes the latest measurement of the path; worth calling once a millisecond at most. */
  update(path: PathState, now: number): void {
    const rtt = this.#leastRtt.sample(path.rtt, now);
    const { congestionAlgorithm } = this.#options;
    this.#rate = this.#capped(
      congestionAlgorithm === 'Bbr' ? this.#bbrRate(path, rtt, now) : this.#windowRate(path, rtt, now),
    );
  }

  /** Whether a datagram may leave now, if the bucket may be overdrawn by `slack` bytes. */
  mayShip(now: number, slack: number): boolean {
    this.#refill(now);
    if (this.#tokens > -slack) return true;
    this.#gains.held();
    return false;
  }

  /** Bytes of new data that may leave now, in whole datagrams: the last one may overdraw the bucket. */
  room(now: number): number {
    if (!this.mayShip(now, 0)) return 0;
    return Math.ceil(this.#tokens / this.#datagramSize) * this.#datagramSize;
  }

  /** There is something to send, and the engine's window, not the bucket, keeps it back. */
  windowFull(now: number): void {
    this.#fullAt = now;
  }

  /** A datagram of `bytes` left. */
  shipped(bytes: number): void {
    this.#tokens -= bytes;
    this.#used.shipped(bytes);
    this.#gains.shipped(bytes);
  }

  /** When {@link room} will next be more than 0. */
  nextShipment(now: number): number {
    return this.#tokens > 0 ? now : now + Math.max(1, -this.#tokens / this.#rate);
  }

  #refill(now: number): void {
    this.#tokens = Math.min(this.#capacity(), this.#tokens + (now - this.#lastRefill) * this.#rate);
    this.#lastRefill = now;
  }

  #capacity(): number {
    return Math.max(BUCKET_DATAGRAMS * this.#datagramSize, BUCKET_MILLISECONDS * this.#rate);
  }

  #capped(rate: number): number {
    return Math.min(rate, (this.#options.maxEgressRate ?? Number.POSITIVE_INFINITY) / 1000);
  }

  #windowRate(path: PathState, least: number, now: number): number {
    const { congestionAlgorithm, initialWindow, initialRtt } = this.#options;
    // Without a congestion controller nothing else ends a spiral of a clock that runs late and a rate that follows it.
    const most = congestionAlgorithm === 'None' ? LATE_GAIN * Math.max(least, initialRtt) : Infinity;
    const round = Math.max(Math.min(path.rtt, most), LEAST_RTT);
    const proven = Math.max(initialWindow, PROVEN_GAIN * this.#used.most(round, now));
    const rate = Math.min(path.cwnd, proven) / round;
    // Without a congestion controller the configured window is what the link bears.
    return congestionAlgorithm === 'None'
      ? Math.min(rate, initialWindow / Math.max(round, initialRtt))
      : rate;
  }

  #bbrRate(path: PathState, rtt: number, now: number): number {
    const sample = this.#credible(path.deliveryRate / 1000);
    const wasDraining = this.#gains.isKnown && this.#gains.isDraining;
    // What the application alone kept low says nothing of the path.
    if (!wasDraining && (this.#gains.holding || sample > this.#samples.best)) {
      this.#samples.add(sample, this.#gains.heldRounds, RATE_FILTER_ROUNDS);
    }
    const best = RATE_TRUST * this.#samples.best;
    const promised = this.#options.initialWindow / this.#options.initialRtt;
    const gain = this.#gains.gain(best, promised, now, rtt, path.rtt - rtt);
    const short = path.cwnd < promised * (rtt + QUEUE_LEAST) && now < this.#fullAt + REFILL_ROUNDS * rtt;
    const effective = short ? Math.max(gain, REFILL_GAIN) : gain;
    if (this.#gains.isKnown && this.#gains.isDraining) {
      // A queue stands: the link carries what arrives at present, and the best sample was too good to be true.
      if (!wasDraining) this.#samples.restart(sample, this.#gains.heldRounds);
      return promised * effective;
    }
    return Math.max(promised, best) * effective;
  }

  /** No more arrives than was sent; acknowledgments that were held up and come together make believe so. */
  #credible(sample: number): number {
    return this.#gains.isKnown ? Math.min(sample, CREDIBLE_GROWTH * this.#rate) : sample;
  }
}
