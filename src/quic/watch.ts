import { JunkBudget } from './junk-budget.ts';
import type { DropReason } from './meter.ts';
import { type QuicOptions, streamCredit, windowUnit } from './options.ts';
import type { Output } from './output.ts';
import type { Streams } from './streams.ts';

/**
 * A congestion window that is no cause for suspicion, bytes: 10 Gbit/s for two tenths of a second. Beyond it the window
 * must be one that the packets sent can have led to: one that acknowledges what was never sent gets further
 * (CVE-2025-4821).
 */
const ORDINARY_WINDOW = 2 ** 28;

/** The engine widens the window by its unit for each packet acknowledged, however small. It begins with these many. */
const FIRST_UNITS = 10;

/** What a peer is to be disconnected for: as it is counted, and as it is told. */
export interface Breach {
  readonly reason: DropReason;
  readonly text: string;
}

const INCREDIBLE: Breach = {
  reason: 'acknowledgments',
  text: 'the peer acknowledges more than was sent',
};
const JUNK: Breach = { reason: 'junk', text: 'the peer sends too much that is of no use' };

/** Looks for what an authenticated peer does only to do harm. */
export class Watch {
  readonly #unit: number;
  readonly #credit: number;
  readonly #junk: JunkBudget;

  constructor(options: QuicOptions, now: number) {
    this.#unit = windowUnit(options);
    this.#credit = streamCredit(options);
    this.#junk = new JunkBudget(this.#credit, now);
  }

  /** Whether only datagrams that are known to be the peer's are to be told of. */
  get isStrict(): boolean {
    return this.#junk.isStrict;
  }

  /** A datagram came. */
  received(datagram: Uint8Array): void {
    this.#junk.received(datagram.length);
  }

  breach(
    streams: Pick<Streams, 'delivered'>,
    output: Pick<Output, 'congestionWindow' | 'sentPackets' | 'sentBytes'>,
    now: number,
  ): Breach | undefined {
    const credible = this.#unit * (FIRST_UNITS + output.sentPackets);
    if (output.congestionWindow > Math.max(ORDINARY_WINDOW, credible)) return INCREDIBLE;
    if (!this.#junk.isDue) return undefined;
    return this.#junk.isOverspent(streams.delivered(this.#credit), output.sentBytes, now) ? JUNK : undefined;
  }
}
