import { ChunkQueue } from '../bytes/chunk-queue.ts';
import { Link } from '../bytes/linked-list.ts';
import { isServerInitiated, isUnidirectional, type Role, type StreamId } from './port.ts';
import type { SendHalf } from './send-queue.ts';

/** RFC 9218 §4.1. */
const DEFAULT_URGENCY = 3;

/** One stream, as far as it is ours to know (RFC 9000 §3). */
export class Stream extends Link implements SendHalf {
  readonly id: StreamId;
  readonly queue = new ChunkQueue();
  phase: SendHalf['phase'];
  full = false;
  urgency: number;
  incremental = true;
  given = 0;
  /**
   * `stopped`: we sent STOP_SENDING and wait for the peer's RESET_STREAM or end; nothing is delivered any more.
   * Orthogonal to `phase` of the sending half.
   */
  receiving: 'open' | 'stopped' | 'done';
  paused = false;
  /** Bytes that came. */
  taken = 0;
  /** The end was seen while delivery was paused. */
  endHeld = false;
  /** When it began, milliseconds of a monotonic clock. */
  readonly since: number;
  /** How it ends: `cancelled`: the peer reset it or stopped it; `broken`: we did. */
  fate: 'good' | 'cancelled' | 'broken' = 'good';

  /** One of which nothing came and nothing was sent. */
  constructor(id: StreamId, role: Role, now: number) {
    super();
    const ours = isServerInitiated(id) === (role === 'server');
    const oneWay = isUnidirectional(id);
    this.id = id;
    this.phase = oneWay && !ours ? 'done' : 'open';
    // Control and QPACK streams come before everything; requests share unless they say otherwise.
    this.urgency = oneWay ? 0 : DEFAULT_URGENCY;
    this.receiving = oneWay && ours ? 'done' : 'open';
    this.since = now;
  }
}
