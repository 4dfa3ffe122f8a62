import type { QuicStreams, StreamId } from './port.ts';
import type { Streams } from './streams.ts';

/** The calls of {@link QuicStreams} that are about streams: no-ops before a connection is open, and after. */
export abstract class StreamCalls implements Omit<QuicStreams, 'role' | 'close'> {
  /** `undefined` unless the connection is open. */
  protected abstract get streams(): Streams | undefined;
  protected abstract get isClosing(): boolean;
  /** Asks for the connection to be processed at the end of this turn. */
  protected abstract schedule(): void;
  /** The same, and there is something to deliver. */
  protected abstract deliverSoon(): void;
  /** The next datagram carries a frame that the engine sends only once. */
  protected abstract insist(): void;

  openStream(direction: 'bidirectional' | 'unidirectional'): StreamId | undefined {
    const { streams } = this;
    if (streams === undefined || this.isClosing) return undefined;
    this.schedule();
    return streams.open(direction);
  }

  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean {
    const { streams } = this;
    if (streams === undefined) return true;
    this.schedule();
    return streams.write(id, chunk, fin);
  }

  finishStream(id: StreamId): boolean {
    return this.streams?.finish(id) !== false;
  }

  resetStream(id: StreamId, errorCode: number): void {
    this.streams?.reset(id, errorCode);
    this.schedule();
  }

  stopSending(id: StreamId, errorCode: number): void {
    this.streams?.stop(id, errorCode);
    this.insist();
    this.schedule();
  }

  pauseStream(id: StreamId): void {
    this.streams?.pause(id);
  }

  resumeStream(id: StreamId): void {
    if (this.streams?.resume(id) === true) this.deliverSoon();
  }

  setPriority(id: StreamId, urgency: number, incremental: boolean): void {
    this.streams?.setPriority(id, urgency, incremental);
  }
}
