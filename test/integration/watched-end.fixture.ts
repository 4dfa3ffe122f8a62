import { FrameParser } from '../../src/h3/frame-parser.ts';
import type { SessionOptions } from '../../src/h3/options.ts';
import type { Session, SessionEvents } from '../../src/h3/port.ts';
import { createSession } from '../../src/h3/session.ts';
import { isUnidirectional, type QuicEvents, type QuicStreams, type StreamId } from '../../src/quic/port.ts';

/**
 * One end of an HTTP/3 connection, watched where the session and QUIC meet: what the heads of messages cost, and how
 * long they wait for the dynamic table.
 */
export class WatchedEnd {
  readonly session: Session;
  readonly quicEvents: QuicEvents;
  /** Bytes of the first field section sent on each stream. */
  readonly sent = new Map<StreamId, number>();
  /** Milliseconds from the last byte of the first field section of each stream until it was told. */
  readonly waits = new Map<StreamId, number>();
  readonly #arrived = new Map<StreamId, number>();
  readonly #sending = new Map<StreamId, FrameParser>();
  readonly #receiving = new Map<StreamId, FrameParser>();

  constructor(quic: QuicStreams, options: SessionOptions, events: SessionEvents) {
    const { session, quicEvents } = createSession(this.#watchStreams(quic), options, events);
    this.session = session;
    this.quicEvents = this.#watchEvents(quicEvents);
  }

  /** To be called when the session tells the head of the stream's message. */
  told(id: StreamId): void {
    this.waits.set(id, performance.now() - (this.#arrived.get(id) ?? Number.NaN));
  }

  #watchStreams(quic: QuicStreams): QuicStreams {
    return {
      role: quic.role,
      openStream: (direction) => quic.openStream(direction),
      write: (id, chunk, fin) => {
        const size = sectionIn(this.#sending, id, chunk);
        if (size !== undefined && !this.sent.has(id)) this.sent.set(id, size);
        return quic.write(id, chunk, fin);
      },
      finishStream: (id) => quic.finishStream(id),
      resetStream: (id, code) => quic.resetStream(id, code),
      stopSending: (id, code) => quic.stopSending(id, code),
      pauseStream: (id) => quic.pauseStream(id),
      resumeStream: (id) => quic.resumeStream(id),
      setPriority: (id, urgency, incremental) => quic.setPriority(id, urgency, incremental),
      close: (code, reason) => quic.close(code, reason),
    };
  }

  #watchEvents(events: QuicEvents): QuicEvents {
    return {
      onStreamData: (id, chunk, fin) => {
        const size = sectionIn(this.#receiving, id, chunk);
        if (size !== undefined && !this.#arrived.has(id)) this.#arrived.set(id, performance.now());
        events.onStreamData(id, chunk, fin);
      },
      onStreamReset: (id, code) => events.onStreamReset(id, code),
      onStreamStopped: (id, code) => events.onStreamStopped(id, code),
      onStreamDrain: (id) => events.onStreamDrain(id),
      onStreamSent: (id) => events.onStreamSent(id),
      onStreamsAvailable: () => events.onStreamsAvailable(),
      onClosed: (close) => events.onClosed(close),
    };
  }
}

/** The size of the first field section that `chunk` completes, if it completes one. */
function sectionIn(parsers: Map<StreamId, FrameParser>, id: StreamId, chunk: Uint8Array): number | undefined {
  if (isUnidirectional(id)) return undefined;
  const parser = parsers.get(id) ?? new FrameParser(65_536);
  parsers.set(id, parser);
  parser.feed(chunk);
  let size: number | undefined;
  for (let step = parser.next(); step !== 'more'; step = parser.next()) {
    if (step === 'frame') size ??= parser.payload.length;
  }
  return size;
}
