import { JunkBudget } from './junk-budget.ts';
import type { DropReason } from './meter.ts';
import { type QuicOptions, streamCredit } from './options.ts';
import type { Output } from './output.ts';
import type { Streams } from './streams.ts';

/**
 * A congestion window that no peer comes to honestly, bytes: 10 Gbit/s for two tenths of a second. One that acknowledges
 * what it has not received gets there (CVE-2025-4820).
 */
const INCREDIBLE_WINDOW = 2 ** 28;

/** What a peer is to be disconnected for: as it is counted, and as it is told. */
export interface Breach {
  readonly reason: DropReason;
  readonly text: string;
}

const INCREDIBLE: Breach = {
  reason: 'acknowledgments',
  text: 'the peer acknowledges more than it can have received',
};
const JUNK: Breach = { reason: 'junk', text: 'the peer sends too much that is of no use' };

/** Looks for what an authenticated peer does only to do harm. */
export class Watch {
  readonly #credit: number;
  readonly #junk: JunkBudget;

  constructor(options: QuicOptions, now: number) {
    this.#credit = streamCredit(options);
    this.#junk = new JunkBudget(this.#credit, now);
  }

  /** A datagram came. */
  received(datagram: Uint8Array): void {
    this.#junk.received(datagram.length);
  }

  breach(
    streams: Pick<Streams, 'delivered'>,
    output: Pick<Output, 'congestionWindow' | 'sentBytes'>,
    now: number,
  ): Breach | undefined {
    if (output.congestionWindow > INCREDIBLE_WINDOW) return INCREDIBLE;
    if (!this.#junk.isDue) return undefined;
    return this.#junk.isOverspent(streams.delivered(this.#credit), output.sentBytes, now) ? JUNK : undefined;
  }
}
