/**
 * Most bytes of a frame on the control stream. SETTINGS with every setting ever registered takes a few hundred;
 * everything else there is one integer.
 */
export const MAX_CONTROL_PAYLOAD = 4096;

/** Interim responses to one request. 100, 102 and 103 come once or a few times; more would be a way to keep us busy. */
export const MAX_INTERIM_RESPONSES = 16;

/**
 * Payload up to which a DATA frame's header and content are copied into one buffer: below, one write to QUIC costs
 * less than the copy saves; above it is the reverse.
 */
export const COPY_BELOW = 4096;

/**
 * Bytes held for a stream of ours that QUIC does not take: SETTINGS and GOAWAY, QPACK instructions. A peer that
 * gives neither the three streams (RFC 9114 §6.2) nor credit for as little as this wants us to hold more and more.
 */
export const MAX_HELD_FOR_OWN_STREAM = 65_536;

/** Useless units at once that a client bears with from its server, as `flood-guard.ts` counts them. */
export const USELESS_BURST = 10_000;

/**
 * A request cancelled after so many milliseconds is no useless unit: it was waited for, and the place that it took
 * bounds how many there can be. So a client may die with thousands of them.
 */
export const WAITED_FOR = 1000;

/** Useless units a second on top: more than twice the requests that a client may cancel for long (`quic/cancellations.ts`). */
export const USELESS_PER_SECOND = 500;

/** Useless units that a response pays for: a few reserved frames, or a long poll kept alive by empty DATA. */
export const EARNED_BY_MESSAGE = 16;

/**
 * Instructions on a QPACK stream that make a useless unit. A request needs a few as long as the table grows, and may
 * need as many as it has lines; so a response pays for more than any that is worth its name has.
 */
export const INSTRUCTIONS_PER_UNIT = 4;

/**
 * Bytes held for frames whose rest has not come, on all streams of a connection: as much as the heads of a thousand
 * requests with 8 KB of cookies, when a loss has cut each of them.
 */
export const MAX_HELD_FOR_FRAMES = 8 * 1024 * 1024;

/** Content in pieces under this many bytes is joined as long as there is more at hand: each piece costs a write. */
export const JOIN_BELOW = 1024;

/** Most bytes that are joined. */
export const MAX_JOINED = 16_384;

/** Bytes of streams of reserved types that a connection may send: the largest first window, and as much again. */
export const MAX_PADDING = 1_310_540;
