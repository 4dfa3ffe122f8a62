/**
 * One direction of an emulated link, without sockets, timers or a clock: datagrams go in with the time of their
 * arrival and come out with the time when they are due.
 *
 *     accept ─▶ cut, script, size ─▶ tail-drop queue ─▶ rate ─▶ loss ─▶ corruption ─▶ delay, jitter ─▶ due
 *
 * Loss comes after the rate: a datagram that is lost has used the line. Times are milliseconds of any monotonic
 * clock; lengths are those of UDP payloads, without IP and UDP headers.
 */
import { createRandom, type Random } from './random.ts';

/** What a direction does to datagrams. Shares are percentages of datagrams. */
export interface Conditions {
  /** One-way delay in ms. Default 0. */
  readonly delay: number;
  /** Mbit/s (10^6 bit); default unlimited. */
  readonly rate: number;
  /**
   * Bytes that may wait for the line, the rest of the datagram on it included. What does not fit is dropped; one
   * datagram always fits. Default 600,000. Without effect when the rate is unlimited.
   */
  readonly queue: number;
  /** Share that vanishes. Default 0. */
  readonly loss: number;
  /** Each datagram is late by up to this many ms, at random; the order stays. Default 0. */
  readonly jitter: number;
  /** Share held back by {@link REORDERING_HOLD} ms, so that those behind it overtake. Default 0. */
  readonly reordering: number;
  /** Share that arrives twice. Default 0. */
  readonly duplication: number;
  /** Share in which one bit is flipped. Default 0. */
  readonly corruption: number;
  /** Longest datagram that passes; longer ones vanish without a word. Default unlimited. */
  readonly maxDatagramSize: number;
}

export const IDEAL: Conditions = {
  delay: 0,
  rate: Number.POSITIVE_INFINITY,
  queue: 600_000,
  loss: 0,
  jitter: 0,
  reordering: 0,
  duplication: 0,
  corruption: 0,
  maxDatagramSize: Number.POSITIVE_INFINITY,
};

/** How long a reordered datagram is held back, in ms. */
export const REORDERING_HOLD = 5;

/** What a direction has carried so far. */
export interface Counters {
  /** Offered by the sender. */
  datagramsIn: number;
  bytesIn: number;
  /** Delivered; duplicates count again. */
  datagramsOut: number;
  bytesOut: number;
  /** Lost by chance, by a cut, by a script or for their size. */
  lost: number;
  /** Dropped because the queue was full. */
  dropped: number;
}

/** A datagram on its way; `flow` is whatever the owner needs to deliver it. */
export interface Parcel<Flow> {
  readonly datagram: Buffer;
  readonly flow: Flow;
  readonly due: number;
}

// A lane without a rate has no queue that could fill up; this bounds its memory all the same.
const MAX_BYTES_IN_FLIGHT = 256 * 1024 * 1024;

export class Lane<Flow> {
  readonly counters: Counters = {
    datagramsIn: 0,
    bytesIn: 0,
    datagramsOut: 0,
    bytesOut: 0,
    lost: 0,
    dropped: 0,
  };
  /** Scripted loss: called with each datagram; those it returns false for are lost. */
  filter: ((datagram: Buffer) => boolean) | undefined;
  /** While true, everything that arrives is lost; what is under way still arrives. */
  cut = false;

  #conditions: Conditions;
  readonly #random: Random;
  readonly #parcels: Parcel<Flow>[] = [];
  #bytesInFlight = 0;
  #dropsLeft = 0;
  #lineFreeAt = 0;
  #lastDue = 0;

  /** The same `seed`, conditions and datagrams lead to the same fates. */
  constructor(conditions: Conditions, seed: number) {
    this.#conditions = conditions;
    this.#random = createRandom(seed);
  }

  /** From the next datagram on. */
  change(conditions: Partial<Conditions>): void {
    this.#conditions = { ...this.#conditions, ...conditions };
  }

  /** Loses the next `count` datagrams. */
  dropNext(count: number): void {
    this.#dropsLeft += count;
  }

  /** Takes a datagram that arrived at `now`. Its bytes must not change afterwards. */
  accept(datagram: Buffer, flow: Flow, now: number): void {
    this.counters.datagramsIn++;
    this.counters.bytesIn += datagram.length;
    if (this.#isStopped(datagram)) {
      this.counters.lost++;
      return;
    }
    const sentAt = this.#occupyLine(datagram.length, now);
    if (sentAt === undefined) {
      this.counters.dropped++;
      return;
    }
    if (this.#chance(this.#conditions.loss)) {
      this.counters.lost++;
      return;
    }
    this.#launch(datagram, flow, sentAt);
  }

  /** When the next datagram is due. */
  get nextDue(): number | undefined {
    return this.#parcels[0]?.due;
  }

  /** Removes the next datagram, if it is due at `now`. */
  take(now: number): Parcel<Flow> | undefined {
    const first = this.#parcels[0];
    if (first === undefined || first.due > now) return undefined;
    this.#parcels.shift();
    this.#bytesInFlight -= first.datagram.length;
    this.counters.datagramsOut++;
    this.counters.bytesOut += first.datagram.length;
    return first;
  }

  #isStopped(datagram: Buffer): boolean {
    if (this.cut || datagram.length > this.#conditions.maxDatagramSize) return true;
    if (this.#dropsLeft > 0) {
      this.#dropsLeft--;
      return true;
    }
    return this.filter !== undefined && !this.filter(datagram);
  }

  // The queue is never stored: how much waits follows from when the line will be free.
  #occupyLine(length: number, now: number): number | undefined {
    if (this.#bytesInFlight + length > MAX_BYTES_IN_FLIGHT) return undefined;
    const bytesPerMs = this.#conditions.rate * 125;
    const wait = Math.max(0, this.#lineFreeAt - now);
    if (wait > 0 && wait * bytesPerMs + length > this.#conditions.queue) return undefined;
    this.#lineFreeAt = now + wait + length / bytesPerMs;
    return this.#lineFreeAt;
  }

  #launch(datagram: Buffer, flow: Flow, sentAt: number): void {
    const { delay, jitter, corruption, reordering, duplication } = this.#conditions;
    const parcel = this.#chance(corruption) ? this.#flipOneBit(datagram) : datagram;
    let due = Math.max(this.#lastDue, sentAt + delay + jitter * this.#random());
    if (this.#chance(reordering)) due += REORDERING_HOLD;
    else this.#lastDue = due;
    this.#insert({ datagram: parcel, flow, due });
    if (this.#chance(duplication)) this.#insert({ datagram: parcel, flow, due });
  }

  // Nearly always at the end: only datagrams behind a reordered one have to go in front of it.
  #insert(parcel: Parcel<Flow>): void {
    let index = this.#parcels.length;
    while (index > 0 && (this.#parcels[index - 1] as Parcel<Flow>).due > parcel.due) index--;
    this.#parcels.splice(index, 0, parcel);
    this.#bytesInFlight += parcel.datagram.length;
  }

  #flipOneBit(datagram: Buffer): Buffer {
    const copy = Buffer.from(datagram);
    const bit = Math.floor(this.#random() * copy.length * 8);
    if (copy.length > 0) copy.writeUInt8(copy.readUInt8(bit >> 3) ^ (1 << (bit & 7)), bit >> 3);
    return copy;
  }

  // Draws only where there is a choice, so that one condition does not change the fates under another.
  #chance(percent: number): boolean {
    return percent > 0 && this.#random() * 100 < percent;
  }
}
