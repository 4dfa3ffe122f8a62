/** Every path carries datagrams of this size (RFC 9000 §14). */
export const SAFE_DATAGRAM_SIZE = 1200;

/** Time-outs in a row, with larger datagrams out and nothing heard, after which their size is suspected. */
const TIMEOUTS = 2;

/**
 * Or nearly all of so many larger ones lost, while smaller ones get through. Losses show a round trip later: those
 * of one window, milliseconds, are held against what was sent in the one before.
 */
const LARGE_DATAGRAMS = 8;
const LOST_SHARE = 0.8;
const WINDOW = 1000;

/** A second suspicion within this time after the size was tried again settles it, milliseconds. */
const TRIAL = 30_000;

/**
 * `full`: as configured. `suspected`: smaller, to see whether something gets through then. `settled`: smaller for the
 * rest of the connection.
 */
type Phase = 'full' | 'suspected' | 'settled';

/**
 * How large datagrams are: as configured, or 1200 bytes where the path swallows larger ones. A path that swallows
 * everything for a while looks the same at first, so that a suspicion counts only when it comes back.
 */
export class DatagramSize {
  readonly #configured: number;
  readonly #onSettled: (reason: string) => void;
  #phase: Phase = 'full';
  #timeouts = 0;
  #large = 0;
  #largeBefore = 0;
  #lostBefore = 0;
  #windowEnds = 0;
  #triedAt = Number.NEGATIVE_INFINITY;

  /** `onSettled` is told, once, that the path does not carry `configured` bytes, and how that showed. */
  constructor(configured: number, onSettled: (reason: string) => void) {
    this.#configured = configured;
    this.#onSettled = onSettled;
  }

  get current(): number {
    return this.#phase === 'full' ? this.#configured : Math.min(this.#configured, SAFE_DATAGRAM_SIZE);
  }

  sent(bytes: number): void {
    if (bytes > SAFE_DATAGRAM_SIZE) this.#large++;
  }

  /** The system refused a datagram for its size (EMSGSIZE). */
  refused(): void {
    this.#settle('the system refuses larger datagrams (EMSGSIZE)');
  }

  /** A probe timeout of the engine went by (RFC 9002 §6.2). */
  timedOut(now: number): void {
    if (this.#phase !== 'full' || this.#large + this.#largeBefore === 0) return;
    if (++this.#timeouts >= TIMEOUTS) this.#suspect(now);
  }

  /** Something was heard from the peer; `lost` counts packets since the beginning. */
  heard(lost: number, now: number): void {
    this.#timeouts = 0;
    if (this.#phase === 'suspected') {
      this.#phase = 'full';
      this.#triedAt = now;
    }
    if (now < this.#windowEnds) return;
    const vanish =
      this.#largeBefore >= LARGE_DATAGRAMS && lost - this.#lostBefore >= LOST_SHARE * this.#largeBefore;
    this.#windowEnds = now + WINDOW;
    this.#largeBefore = this.#large;
    this.#large = 0;
    this.#lostBefore = lost;
    if (vanish && this.#phase === 'full') this.#suspect(now);
  }

  #suspect(now: number): void {
    this.#timeouts = 0;
    this.#large = 0;
    this.#largeBefore = 0;
    if (now - this.#triedAt < TRIAL) this.#settle('larger datagrams vanish on the path');
    else this.#phase = 'suspected';
  }

  #settle(reason: string): void {
    if (this.#phase === 'settled' || this.#configured <= SAFE_DATAGRAM_SIZE) return;
    this.#phase = 'settled';
    this.#onSettled(reason);
  }
}
