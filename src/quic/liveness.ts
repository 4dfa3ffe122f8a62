import { Buffer } from 'node:buffer';

/** While the peer is silent though it should have answered, it is asked again this often, milliseconds. */
const ASK_INTERVAL = 400;

/** So long, and some round trips, the peer may be silent before that is worth asking, and then before it is told. */
const GRACE = 250;
const PATIENCE = 1000;
const ROUND_TRIPS = 2;

/** This part of the interval, and some round trips, an end lets pass to be asked itself. */
const COURTESY = 1 / 8;

/** What leaves so soon after something came is perhaps no more than its acknowledgment, milliseconds. */
const ACKNOWLEDGING = 10;

/** A datagram at least this long carries, by all appearances, something that the peer acknowledges. */
const SUBSTANTIAL = 600;
/** One of them is kept this often, milliseconds: a copy of each would cost more than it is worth. */
const KEEP_INTERVAL = 5;

/** How the peer is asked, and who wants to know. */
export interface LivenessEvents {
  /** Sends a PING. */
  ping(): void;
  /** Sends a datagram again that was sent before. */
  repeat(datagram: Buffer): void;
  /** The peer did not answer in time; or it does after all. */
  onSilent(silent: boolean): void;
}

/** A question that the peer has not answered. */
interface Doubt {
  /** When to say so. */
  until: number;
  /** When it was put first. What is heard before is no answer: it may have waited in the socket while nothing ran here. */
  asked: number;
}

/**
 * Whether the peer is still there. After `keepAliveInterval` of silence it is asked (a PING), by one of the ends a little
 * later; when there is reason to doubt, at once and again and again, so that the end of an outage is noticed soon: the
 * engine doubles its waits. It is heard when packets came that the engine could decrypt: anyone can send other datagrams.
 * Times are milliseconds.
 */
export class Liveness {
  readonly #keepAliveInterval: number;
  readonly #isFirst: boolean;
  readonly #events: LivenessEvents;
  #heardAt: number;
  #askedAt: number;
  #doubt: Doubt | undefined;
  #silent = false;
  /** A copy of one of the last substantial datagrams, and since when. */
  #substantial: Buffer | undefined;
  #keptAt = Number.NEGATIVE_INFINITY;
  /** Since when something is out that the peer should acknowledge. */
  #waitingSince: number | undefined;
  #rtt = 0;

  /** `isFirst`: of two ends that have nothing to say, this one asks, and the other hears it in time not to. */
  constructor(keepAliveInterval: number, isFirst: boolean, now: number, events: LivenessEvents) {
    this.#keepAliveInterval = keepAliveInterval;
    this.#isFirst = isFirst;
    this.#events = events;
    this.#heardAt = now;
    this.#askedAt = now;
  }

  /** When {@link advance} wants to be called. */
  get due(): number {
    const told = this.#silent ? undefined : this.#doubt?.until;
    return Math.min(this.#nextQuestion, this.#overdue, told ?? Number.POSITIVE_INFINITY);
  }

  /** A datagram was sent that is not an answer alone; the peer was last heard at `heardAt`. */
  sent(datagram: Buffer, now: number, heardAt: number): void {
    if (datagram.length >= SUBSTANTIAL && now - this.#keptAt >= KEEP_INTERVAL) {
      this.#substantial = Buffer.from(datagram);
      this.#keptAt = now;
    }
    if (now - heardAt > ACKNOWLEDGING) this.#waitingSince ??= now;
  }

  /** There is reason to doubt: the peer is asked now, and has `patience` to answer. */
  question(now: number, patience: number = PATIENCE): void {
    const until = now + patience;
    if (this.#doubt === undefined) {
      this.#doubt = { until, asked: Number.POSITIVE_INFINITY };
      this.#askedAt = Number.NEGATIVE_INFINITY;
    } else this.#doubt.until = Math.min(this.#doubt.until, until);
  }

  /** The peer was last heard then. */
  hear(heardAt: number): void {
    if (heardAt > this.#heardAt) this.#heard(heardAt);
  }

  /** Asks the peer if it is time to, and tells of its silence. It was last heard at `heardAt`, its round trip is `rtt`. */
  advance(now: number, heardAt: number, rtt: number): void {
    this.#rtt = rtt;
    this.hear(heardAt);
    if (now >= this.#overdue) this.question(now, PATIENCE + ROUND_TRIPS * rtt);
    if (this.#doubt !== undefined && !this.#silent && now >= this.#doubt.until) {
      this.#silent = true;
      this.#events.onSilent(true);
    }
    if (now >= this.#nextQuestion) this.#ask(now);
  }

  #heard(at: number): void {
    this.#heardAt = at;
    this.#waitingSince = undefined;
    if (this.#doubt === undefined || at <= this.#doubt.asked) return;
    this.#doubt = undefined;
    if (!this.#silent) return;
    this.#silent = false;
    this.#events.onSilent(false);
  }

  /**
   * The engine holds a PING back while its congestion window is full. So in doubt something is sent again that the peer
   * has perhaps not seen; its acknowledgment shows the engine what else was lost.
   */
  #ask(now: number): void {
    this.#askedAt = now;
    this.#events.ping();
    if (this.#doubt === undefined) return;
    this.#doubt.asked = Math.min(this.#doubt.asked, now);
    if (this.#substantial !== undefined) this.#events.repeat(this.#substantial);
  }

  /** When what is out should have been acknowledged; the engine's own timer starts anew with all that is sent. */
  get #overdue(): number {
    if (this.#waitingSince === undefined || this.#doubt !== undefined) return Number.POSITIVE_INFINITY;
    return this.#waitingSince + GRACE + ROUND_TRIPS * this.#rtt;
  }

  get #nextQuestion(): number {
    if (this.#doubt !== undefined) return this.#askedAt + ASK_INTERVAL;
    const courtesy = this.#isFirst ? 0 : this.#keepAliveInterval * COURTESY + ROUND_TRIPS * this.#rtt;
    return Math.max(this.#heardAt, this.#askedAt) + this.#keepAliveInterval + courtesy;
  }
}
