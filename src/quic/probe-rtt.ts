/** So long BBR keeps its window small to see the shortest round trip (ProbeRTTDuration), and a little, milliseconds. */
const DURATION = 200 + 5;

/** How large the engine's Bbr lets the window be meanwhile, in its units (BBRMinPipeCwnd). */
const WINDOW_UNITS = 4;

/** Most questions while the window stays small: then it is so for another reason. */
const QUESTIONS = 4;

/**
 * Helps the engine's Bbr out of ProbeRTT (draft-cardwell-iccrg-bbr-congestion-control §4.3.4). It measures the round trip
 * anew when ten seconds brought none as short, and leaves that state upon an acknowledgment that comes after 200 ms.
 * A connection that falls silent before receives none, and would begin its next transfer with four tenths of the
 * window; so the peer is asked for one.
 */
export class ProbeRtt {
  /** Bytes; a window as small as that is ProbeRTT's, or smaller still after losses. */
  readonly #window: number;
  #asked = 0;
  #isSmall = false;

  /** When {@link asks} is true; `Infinity` when the window is not small. */
  due = Number.POSITIVE_INFINITY;

  /** `unit`: what the engine counts windows in, bytes; 0 with another algorithm than Bbr. */
  constructor(unit: number) {
    this.#window = WINDOW_UNITS * unit;
  }

  /** Takes the congestion window and the smoothed round trip as they are now, bytes and milliseconds. */
  observe(window: number, rtt: number, now: number): void {
    const isSmall = window <= this.#window;
    if (isSmall === this.#isSmall) return;
    this.#isSmall = isSmall;
    this.#asked = 0;
    this.due = isSmall ? now + Math.max(0, DURATION - rtt) : Number.POSITIVE_INFINITY;
  }

  /** Whether the peer is to be asked for an acknowledgment (a PING). */
  asks(rtt: number, now: number): boolean {
    if (now < this.due) return false;
    this.due = ++this.#asked < QUESTIONS ? now + DURATION + rtt : Number.POSITIVE_INFINITY;
    return true;
  }
}
