import type { QpackCounters } from '../qpack/counters.ts';
import type { FloodBudget } from './flood-budget.ts';
import type { FloodCounters } from './flood-counters.ts';
import type { RequestStream } from './port.ts';

/** What we allow the peer. */
export interface H3Options {
  /** Bytes that a field section may come to, with 32 for each line (RFC 9114 §4.2.2); announced to the peer. */
  readonly maxFieldSectionSize: number;
  /** Lines that a field section may have. */
  readonly maxFieldCount: number;
  /** Bytes of QPACK dynamic table for what the peer sends, announced to it; we use no more of what it offers. */
  readonly qpackMaxTableCapacity: number;
  /** Streams that may wait for the peer's QPACK encoder stream; announced to it. */
  readonly qpackBlockedStreams: number;
  /** Names, in lower case, of fields whose values never go into a dynamic table, besides those that are known secrets. */
  readonly qpackNeverIndexed: readonly string[];
  /** Where to count what is encoded. */
  readonly qpackCounters?: QpackCounters | undefined;
  readonly floodCounters?: FloodCounters | undefined;
  /** What the peer may make us do in vain. Default: one of {@link USELESS_BURST} units, for this connection alone. */
  readonly floodBudget?: FloodBudget | undefined;
  /** A monotonic clock in milliseconds. */
  readonly now: () => number;
  /** Settings of our own to announce besides, by identifier; asked for when a session begins. */
  readonly otherSettings?: () => ReadonlyMap<number, number>;
}

/** What a session needs to know. */
export interface SessionOptions extends H3Options {
  /**
   * Server: the head of a request is over our limits, so that nobody has seen it. May answer through `stream` (431),
   * within the call; what it leaves open is reset with H3_EXCESSIVE_LOAD. No event of the stream follows.
   */
  readonly onOversizedRequest?: (stream: RequestStream) => void;
}
