import { ChunkQueue } from '../bytes/chunk-queue.ts';
import { isServerInitiated, isUnidirectional, type Role, type StreamId } from './port.ts';
import type { SendHalf } from './send-queue.ts';

/** RFC 9218 §4.1. */
const DEFAULT_URGENCY = 3;

/** One stream, as far as it is ours to know (RFC 9000 §3). */
export interface Stream extends SendHalf {
  /**
   * `stopped`: we sent STOP_SENDING and wait for the peer's RESET_STREAM or end; nothing is delivered any more.
   * Orthogonal to `phase` of the sending half.
   */
  receiving: 'open' | 'stopped' | 'done';
  paused: boolean;
  /** Bytes that came. */
  taken: number;
  /** The end was seen while delivery was paused. */
  endHeld: boolean;
  /** When it began, milliseconds of a monotonic clock. */
  readonly since: number;
  /** How it ends: `cancelled`: the peer reset it or stopped it; `broken`: we did. */
  fate: 'good' | 'cancelled' | 'broken';
}

/** A stream of which nothing came and nothing was sent. */
export function newStream(id: StreamId, role: Role, now: number): Stream {
  const ours = isServerInitiated(id) === (role === 'server');
  const oneWay = isUnidirectional(id);
  return {
    id,
    queue: new ChunkQueue(),
    phase: oneWay && !ours ? 'done' : 'open',
    full: false,
    // Control and QPACK streams come before everything; requests share unless they say otherwise.
    urgency: oneWay ? 0 : DEFAULT_URGENCY,
    incremental: true,
    receiving: oneWay && ours ? 'done' : 'open',
    given: 0,
    taken: 0,
    paused: false,
    endHeld: false,
    since: now,
    fate: 'good',
  };
}
