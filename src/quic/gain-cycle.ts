/** Twice the best rate seen lets the rate double each round trip. */
const SEARCH_GAIN = 2;

/** The path is full when this many rounds bring less than a quarter more (as BBR's full-pipe estimate). */
const FULL_ROUNDS = 3;
const FULL_GROWTH = 1.25;

/** Afterwards one round in this many tries a little more: a sixteenth of a window is what a short queue bears. */
const PROBE_ROUNDS = 8;
const PROBE_GAIN = 17 / 16;

/** Where the link is not known, a quarter more (as BBR): when half of that arrives, the search begins again. */
const UNKNOWN_PROBE_GAIN = 1.25;
const SPARE_GROWTH = 1.125;

/**
 * A queue stands when round trips last this much longer than the least ones: a share of those, but not less than what
 * timers and busy processors make of it, milliseconds. Then somewhat less is sent until it has gone: it delays small
 * requests behind large bodies, and short queues overflow.
 */
const QUEUE_SHARE = 1 / 32;
export const QUEUE_LEAST = 5;
const DRAIN_GAIN = 0.9;
/** Whose queue it may be: who sent this share of what a round trip bears. */
const BUSY_SHARE = 0.5;
/**
 * A queue of ours is gone after so many round trips of that. Round trips that are long for longer are those of another way, or
 * of a link whose delay varies: who went on would send less and less, where no promise of the link's sets a least rate.
 */
const DRAIN_ROUNDS = 8;

/** So long the engine's round-trip times are those of the time before it knew the link (`primingBytes`), milliseconds. */
const SETTLING = 3000;
/** As long as they were never near the least one since, they may still be, up to this time, milliseconds. */
const SETTLING_MOST = 10_000;

/**
 * How much above the known rate to send. First, on an untuned link, twice as much until it brings no more; then in
 * one round of eight a sixteenth more (a quarter where the link is not known), and a tenth less while a queue stands. Only
 * rounds in which the pacer held something back say anything about the path.
 */
export class GainCycle {
  /** The configuration says what the link bears. */
  readonly isKnown: boolean;
  #searching: boolean;
  readonly #since: number;
  #isSettled = false;
  #held = false;
  #shipped = 0;
  #wasBusy = false;
  #queuedSince: number | undefined;
  #best = 0;
  #rounds = 0;
  #roundEnds = 0;

  constructor(isKnown: boolean, now: number) {
    this.isKnown = isKnown;
    this.#searching = !isKnown;
    this.#since = now;
  }

  /** Less is sent because a queue stands. */
  isDraining = false;

  /** Rounds so far in which something had to wait. */
  heldRounds = 0;

  /** Whether something had to wait in this round. */
  get holding(): boolean {
    return this.#held;
  }

  /** Something had to wait. */
  held(): void {
    this.#held = true;
  }

  /** A datagram of `bytes` left. */
  shipped(bytes: number): void {
    this.#shipped += bytes;
  }

  /**
   * `rate` and `promised`: what was measured and what the configuration says, bytes a millisecond. `rtt`: the least one;
   * `queueing`: how much longer round trips are at present, milliseconds.
   */
  gain(rate: number, promised: number, now: number, rtt: number, queueing: number): number {
    if (now >= this.#roundEnds) {
      const full = Math.max(rate, promised) * rtt;
      this.#wasBusy = this.#shipped >= BUSY_SHARE * full && now < this.#roundEnds + rtt;
      this.#shipped = 0;
      this.#roundEnds = now + rtt;
      if (this.#held) this.#endRound(rate);
      this.#held = false;
    }
    if (this.#searching) return SEARCH_GAIN;
    this.isDraining = this.#queueStands(now, rtt, queueing);
    if (this.isDraining) return DRAIN_GAIN;
    if (this.#rounds !== PROBE_ROUNDS) return 1;
    return this.isKnown ? PROBE_GAIN : UNKNOWN_PROBE_GAIN;
  }

  #queueStands(now: number, rtt: number, queueing: number): boolean {
    const isLong = queueing > Math.max(QUEUE_LEAST, rtt * QUEUE_SHARE);
    this.#isSettled ||= now >= this.#since + (isLong ? SETTLING_MOST : SETTLING);
    if (!isLong || !this.#isSettled) {
      this.#queuedSince = undefined;
      return false;
    }
    // Who sent less than the link bears has no queue: an end had to wake up.
    if (!this.#wasBusy) return false;
    this.#queuedSince ??= now;
    return this.isKnown || now < this.#queuedSince + DRAIN_ROUNDS * (rtt + queueing);
  }

  #endRound(rate: number): void {
    this.heldRounds++;
    if (this.#searching) this.#endSearchRound(rate);
    else this.#endProbeRound(rate);
  }

  #endSearchRound(rate: number): void {
    if (rate >= this.#best * FULL_GROWTH) {
      this.#best = rate;
      this.#rounds = 0;
    } else if (++this.#rounds >= FULL_ROUNDS) {
      this.#searching = false;
      this.#rounds = 0;
    }
  }

  /** What a probe brought shows a round later. More than a little: the path bears more by far, as after an outage. */
  #endProbeRound(rate: number): void {
    this.#rounds = this.#rounds === PROBE_ROUNDS ? 1 : this.#rounds + 1;
    if (this.#rounds === PROBE_ROUNDS) this.#best = rate;
    else if (this.#rounds === 2 && !this.isKnown && rate >= this.#best * SPARE_GROWTH) {
      this.#searching = true;
      this.#best = rate;
      this.#rounds = 0;
    }
  }
}
