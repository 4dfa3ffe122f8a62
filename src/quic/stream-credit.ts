import type { EngineConnection } from './native.ts';
import type { QuicEvents, Role, StreamId } from './port.ts';

export type StreamDirection = 'bidirectional' | 'unidirectional';

/** How long a connection may be without streams when they are wanted, milliseconds. */
const STARVATION = 2000;

/** What the peer allows us to open (RFC 9000 §4.6): the next identifiers, and whether somebody waits for one. */
export class StreamCredit {
  readonly #engine: Pick<EngineConnection, 'peerStreamsLeftBidi' | 'peerStreamsLeftUni'>;
  readonly #events: Pick<QuicEvents, 'onStreamsAvailable'>;
  readonly #nextId: Record<StreamDirection, StreamId>;
  /** Streams of this kind were wanted and refused. */
  readonly #wanted: Record<StreamDirection, boolean> = { bidirectional: false, unidirectional: false };
  /** How many the peer allows at least: its limits only grow (RFC 9000 §4.6), so that the engine need not be asked for each. */
  readonly #least: Record<StreamDirection, number> = { bidirectional: 0, unidirectional: 0 };
  readonly #beforeAsking: () => void;
  #starvingSince = Number.POSITIVE_INFINITY;

  /** `beforeAsking`: lets the engine know of the streams that were opened. */
  constructor(
    engine: Pick<EngineConnection, 'peerStreamsLeftBidi' | 'peerStreamsLeftUni'>,
    role: Role,
    events: Pick<QuicEvents, 'onStreamsAvailable'>,
    beforeAsking: () => void,
  ) {
    this.#engine = engine;
    this.#events = events;
    this.#beforeAsking = beforeAsking;
    const ours = role === 'server' ? 1 : 0;
    this.#nextId = { bidirectional: ours, unidirectional: ours + 2 };
  }

  /** The identifier of a new stream; `undefined` when the peer allows none now: it will be offered. */
  take(direction: StreamDirection): StreamId | undefined {
    if (this.#least[direction] <= 0) this.#least[direction] = this.#left(direction);
    if (this.#least[direction] <= 0) {
      this.#wanted[direction] = true;
      return undefined;
    }
    this.#least[direction]--;
    const id = this.#nextId[direction];
    this.#nextId[direction] += 4;
    return id;
  }

  /** After datagrams came: whoever was refused a stream may ask again. */
  offer(): void {
    const bidirectional = this.#wanted.bidirectional && this.#left('bidirectional') > 0;
    const unidirectional = this.#wanted.unidirectional && this.#left('unidirectional') > 0;
    if (!bidirectional && !unidirectional) return;
    if (bidirectional) this.#wanted.bidirectional = false;
    if (unidirectional) this.#wanted.unidirectional = false;
    this.#events.onStreamsAvailable();
  }

  /**
   * When the connection is of no more use: streams are wanted and refused though none of ours is open. The engine does
   * not repeat MAX_STREAMS when it is lost, and does not count every stream as over that is. `Infinity` as a rule.
   */
  starvedAt(now: number, hasRequests: boolean): number {
    const starving = this.#wanted.bidirectional && this.#left('bidirectional') <= 0 && !hasRequests;
    if (!starving) this.#starvingSince = Number.POSITIVE_INFINITY;
    else if (this.#starvingSince === Number.POSITIVE_INFINITY) this.#starvingSince = now;
    return this.#starvingSince + STARVATION;
  }

  #left(direction: StreamDirection): number {
    this.#beforeAsking();
    return direction === 'bidirectional'
      ? this.#engine.peerStreamsLeftBidi()
      : this.#engine.peerStreamsLeftUni();
  }
}
