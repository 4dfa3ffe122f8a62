/** What the pacer keeps of the path's past. */

/** Round-trip times are whole milliseconds in the engine; on a shorter path this stands in for zero. */
export const LEAST_RTT = 0.25;

/** How long what was sent in a round trip counts, milliseconds. */
const USED_WINDOW = 10_000;

/**
 * The most that was sent in one round trip of the last ten to twenty seconds, bytes. The engine's loss-based algorithms
 * widen the window with each packet acknowledged, also when the application hardly sends or the packet only
 * acknowledges: after a download it stands for nothing, and a burst of that size would bury the link (RFC 9002 §7.8,
 * RFC 7661).
 */
export class UsedWindow {
  #bytes = 0;
  #roundEnds = Number.NEGATIVE_INFINITY;
  #current = 0;
  #previous = 0;
  #windowEnds = Number.NEGATIVE_INFINITY;

  shipped(bytes: number): void {
    this.#bytes += bytes;
  }

  /** `round`: how long a round trip takes at present, milliseconds. */
  most(round: number, now: number): number {
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + USED_WINDOW;
      this.#previous = this.#current;
      this.#current = 0;
    }
    if (now >= this.#roundEnds) {
      this.#roundEnds = now + round;
      this.#current = Math.max(this.#current, this.#bytes);
      this.#bytes = 0;
    }
    return Math.max(this.#current, this.#previous);
  }
}

/** How long the least round-trip time counts, milliseconds (as BBR's): routes change. */
const LEAST_RTT_WINDOW = 10_000;

/** The least round-trip time of the last ten to twenty seconds. */
export class LeastRtt {
  #current = Number.POSITIVE_INFINITY;
  #previous = Number.POSITIVE_INFINITY;
  #windowEnds = Number.NEGATIVE_INFINITY;

  /** Takes a sample, milliseconds; 0 when there is none or it is under one. */
  sample(rtt: number, now: number): number {
    if (now >= this.#windowEnds) {
      this.#windowEnds = now + LEAST_RTT_WINDOW;
      this.#previous = this.#current;
      this.#current = Number.POSITIVE_INFINITY;
    }
    if (rtt > 0) this.#current = Math.min(this.#current, rtt);
    const least = Math.min(this.#current, this.#previous);
    return least === Number.POSITIVE_INFINITY ? LEAST_RTT : least;
  }
}

/** The maximum of the last rounds, kept as a falling sequence of candidates. */
export class RateFilter {
  readonly #samples: { rate: number; round: number }[] = [];

  get best(): number {
    return this.#samples[0]?.rate ?? 0;
  }

  /** Forgets all others. */
  restart(rate: number, round: number): void {
    this.#samples.splice(0, this.#samples.length, { rate, round });
  }

  add(rate: number, round: number, window: number): void {
    const samples = this.#samples;
    while (samples.length > 0 && (samples.at(-1)?.rate ?? 0) <= rate) samples.pop();
    // One candidate a round is enough, and bounds their number.
    if (samples.at(-1)?.round !== round) samples.push({ rate, round });
    while (samples.length > 1 && round - (samples[0]?.round ?? round) > window) samples.shift();
  }
}
