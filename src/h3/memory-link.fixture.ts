import type { QuicEvents, QuicStreams, Role, StreamId } from '../quic/port.ts';

type Direction = 'bidirectional' | 'unidirectional';

/** What waits to be delivered of one stream to one end. */
interface Inbox {
  chunks: Uint8Array[];
  fin: boolean;
  paused: boolean;
  stopped: boolean;
}

/** Bytes of a stream that may wait before `write` says that it is enough. */
const ENOUGH = 1000;

/** One end of a {@link MemoryLink}: QUIC as HTTP/3 sees it, with nothing lost and nothing on a wire. */
export class MemoryQuic implements QuicStreams {
  readonly role: Role;
  events: QuicEvents | undefined;
  /** The other end; set by the link. */
  peer: MemoryQuic = this;
  /** Streams that we may still open. */
  readonly allowed = { bidirectional: 100, unidirectional: 3 };
  /** Chunk size at which what we receive is cut. */
  cut = Number.POSITIVE_INFINITY;
  closed = false;
  readonly #inboxes = new Map<StreamId, Inbox>();
  readonly #pending: (() => void)[] = [];
  readonly #wantsDrain = new Set<StreamId>();
  readonly #opened = { bidirectional: 0, unidirectional: 0 };
  #wantsStreams = false;

  constructor(role: Role) {
    this.role = role;
  }

  openStream(direction: Direction): StreamId | undefined {
    if (this.#opened[direction] >= this.allowed[direction]) {
      this.#wantsStreams = true;
      return undefined;
    }
    const kind = (direction === 'unidirectional' ? 2 : 0) + (this.role === 'server' ? 1 : 0);
    return 4 * this.#opened[direction]++ + kind;
  }

  /** The peer allows more requests. */
  allow(requests: number): void {
    this.allowed.bidirectional += requests;
    if (!this.#wantsStreams) return;
    this.#wantsStreams = false;
    this.#pending.push(() => this.events?.onStreamsAvailable());
  }

  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean {
    const inbox = this.peer.#inbox(id);
    if (inbox.stopped || this.closed) return true;
    inbox.chunks.push(chunk);
    inbox.fin ||= fin;
    const room = inbox.chunks.reduce((length, queued) => length + queued.length, 0) < ENOUGH;
    if (!room) this.#wantsDrain.add(id);
    return room;
  }

  finishStream(id: StreamId): boolean {
    const inbox = this.peer.#inbox(id);
    if (inbox.stopped || this.closed) return true;
    if (inbox.chunks.length === 0) return false;
    inbox.fin = true;
    return true;
  }

  resetStream(id: StreamId, errorCode: number): void {
    const inbox = this.peer.#inbox(id);
    inbox.chunks = [];
    inbox.fin = false;
    this.peer.#pending.push(() => this.peer.events?.onStreamReset(id, errorCode));
  }

  stopSending(id: StreamId, errorCode: number): void {
    const inbox = this.#inbox(id);
    inbox.stopped = true;
    inbox.chunks = [];
    inbox.fin = false;
    this.peer.#pending.push(() => this.peer.events?.onStreamStopped(id, errorCode));
  }

  pauseStream(id: StreamId): void {
    this.#inbox(id).paused = true;
  }

  resumeStream(id: StreamId): void {
    this.#inbox(id).paused = false;
  }

  setPriority(): void {}

  close(errorCode: number, reason: string): void {
    if (this.closed) return;
    for (const end of [this, this.peer]) {
      end.closed = true;
      const source = end === this ? 'local' : 'remote';
      end.#pending.push(() =>
        end.events?.onClosed({ source, space: 'application', code: errorCode, reason }),
      );
    }
  }

  /** Delivers one thing; false when there is nothing. */
  deliver(): boolean {
    const pending = this.#pending.shift();
    if (pending !== undefined) {
      pending();
      return true;
    }
    if (this.closed) return false;
    for (const [id, inbox] of this.#inboxes) if (this.#deliverFrom(id, inbox)) return true;
    return false;
  }

  #deliverFrom(id: StreamId, inbox: Inbox): boolean {
    if (inbox.paused || (inbox.chunks.length === 0 && !inbox.fin)) return false;
    const all = Buffer.concat(inbox.chunks);
    const chunk = all.subarray(0, this.cut);
    inbox.chunks = chunk.length < all.length ? [all.subarray(chunk.length)] : [];
    const fin = inbox.fin && inbox.chunks.length === 0;
    if (fin) {
      inbox.fin = false;
      this.peer.#pending.push(() => this.peer.events?.onStreamSent(id));
    }
    if (inbox.chunks.length === 0) this.peer.#drained(id);
    this.events?.onStreamData(id, chunk, fin);
    return true;
  }

  #drained(id: StreamId): void {
    if (this.#wantsDrain.delete(id)) this.#pending.push(() => this.events?.onStreamDrain(id));
  }

  #inbox(id: StreamId): Inbox {
    let inbox = this.#inboxes.get(id);
    if (inbox === undefined) {
      inbox = { chunks: [], fin: false, paused: false, stopped: false };
      this.#inboxes.set(id, inbox);
    }
    return inbox;
  }
}

/** Two ends, back to back. Nothing moves but in {@link MemoryLink.settle}. */
export class MemoryLink {
  readonly client = new MemoryQuic('client');
  readonly server = new MemoryQuic('server');

  constructor() {
    this.client.peer = this.server;
    this.server.peer = this.client;
  }

  /** Delivers until nothing is left to deliver, and lets microtasks run in between. */
  async settle(): Promise<void> {
    do {
      await new Promise((resolve) => setImmediate(resolve));
    } while (this.client.deliver() || this.server.deliver());
  }
}
