/**
 * What the proxy sees of HTTP/3: types only. `session.ts` implements {@link Session} and {@link RequestStream} and
 * calls {@link SessionEvents} and {@link RequestStreamEvents}; the proxy does the reverse.
 */
import type { QuicClose, Role, StreamId } from '../quic/port.ts';

/**
 * Field lines in order, flat: name, value, name, value, …. Names in lower case, pseudo-header fields first
 * (RFC 9114 §4.3). A string holds one byte per character (latin1), so that values pass through unchanged.
 */
export type FieldLines = readonly string[];

/** Why a request stream came to nothing, or only to a part. */
export interface StreamFailure {
  /** Whether the other end ended it, or we did, or the other end fell silent. */
  readonly source: 'local' | 'remote' | 'idle';
  /** Whether this stream alone failed, or the connection under it. */
  readonly scope: 'stream' | 'connection';
  /** HTTP/3 error code (RFC 9114 §8.1) where there is one. */
  readonly code: number | undefined;
  /** What a person can make of it. */
  readonly reason: string;
  /**
   * The other end provably did nothing with the request: H3_REQUEST_REJECTED, above the identifier of its GOAWAY
   * (RFC 9114 §4.1.1, §5.2), or nothing was ever handed to QUIC. Only then may the request be sent again.
   */
  readonly untouched: boolean;
}

/**
 * One request and its response (RFC 9114 §4.1). At the client we send the request, at the server the response.
 *
 * After a 2xx response to CONNECT the stream is a tunnel (§4.4, RFC 9220): content goes both ways, `end` is a half
 * close and has no trailers, `cancel` is what a TCP reset would be, and Content-Length means nothing.
 */
export interface RequestStream {
  readonly id: StreamId;

  /** All of the peer's message has come, whether it was told or not. */
  readonly isWhole: boolean;

  /**
   * Sends a field section: the request's or response's head, or (server) an interim response's. With `end` the
   * message ends with it.
   */
  sendHeaders(fields: FieldLines, end: boolean): void;

  /**
   * Sends content. `chunk` is not the caller's any more, unless it is `lent`: then its memory may be used again. `false`: enough
   * is queued, stop until `onDrain`.
   */
  sendData(chunk: Uint8Array, lent?: boolean): boolean;

  /** Ends the message, with a trailer section when `trailers` is given. */
  end(trailers?: FieldLines): void;

  /** Stops and resumes `onData` (and what comes after it): the back-pressure that reaches the far socket. */
  pause(): void;
  resume(): void;

  /** Abandons sending alone: RESET_STREAM (RFC 9114 §4.1.1). What was ended goes too, as far as it still waits. */
  resetSending(code: number): void;

  /**
   * Calls `done` when nothing waits here of a message that was ended: it has gone as far as the peer's credit lets it,
   * or will not go. At once when nothing does. Only the last `done` is called.
   */
  whenSent(done: () => void): void;

  /** Takes no more of what the peer sends: STOP_SENDING. No further receiving event. */
  stopReceiving(code: number): void;

  /** Abandons both directions, as far as they are not ended. No event follows. */
  cancel(code: number): void;

  /** RFC 9218 urgency (0 to 7) and the incremental flag of what we send. */
  setPriority(urgency: number, incremental: boolean): void;
}

/** What happens on a request stream. None may throw. Receiving events come in the order of this list. */
export interface RequestStreamEvents {
  /** An interim response (client only): status 1xx, before `onHeaders`. */
  onInterim(fields: FieldLines): void;
  /** The head. At the server it is given by `SessionEvents.onRequest` instead, and this is not called. */
  onHeaders(fields: FieldLines): void;
  onData(chunk: Uint8Array): void;
  onTrailers(fields: FieldLines): void;
  /** The message is complete: its length is what Content-Length declared, if it did. */
  onEnd(): void;

  /** After a `sendData` that said false: there is room. */
  onDrain(): void;

  /**
   * The peer takes no more of what we send (STOP_SENDING); sending is over. With H3_NO_ERROR at the client, the
   * response is complete or still comes (RFC 9114 §4.1).
   */
  onStopped(code: number): void;

  /**
   * Receiving failed: RESET_STREAM, a malformed message, or the end of the connection. No receiving event follows.
   * Unless sending has ended, or the proxy may still want to answer (server), both directions are over; for
   * `scope: 'connection'` they always are.
   */
  onFailed(failure: StreamFailure): void;
}

/** An HTTP/3 connection (RFC 9114 §3). */
export interface Session {
  readonly role: Role;

  /** Request streams not yet over. */
  readonly inFlight: number;

  /**
   * Client: whether requests may have `:protocol` (extended CONNECT, RFC 9220 §3). False until the peer's SETTINGS
   * have come. A server always takes them.
   */
  readonly extendedConnect: boolean;

  /**
   * Client: opens a request stream. `undefined` while the peer's limit of streams is reached (wait for
   * `onStreamsAvailable`), before its SETTINGS, or once either side is going away.
   */
  request(events: RequestStreamEvents): RequestStream | undefined;

  /**
   * Sends so many bytes without meaning, after everything else that waits, on a stream of a reserved type (RFC 9114
   * §6.2.3), unless the peer allows no more streams.
   */
  pad(bytes: number): void;

  /**
   * Server: asks the client to open no more requests, without refusing those on their way (GOAWAY with an identifier
   * that none of them has, RFC 9114 §5.2). {@link goAway} some round trips later makes an end.
   */
  announceGoAway(): void;

  /** Server: gives up requests whose head is still incomplete `age` milliseconds after they began. */
  dropPendingHeads(age: number): void;

  /** GOAWAY (RFC 9114 §5.2): no new requests; those in flight go on. Idempotent. */
  goAway(): void;

  /** Closes the connection under everything, with an HTTP/3 code. */
  close(code: number, reason: string): void;
}

/** What happens on a session. None may throw. */
export interface SessionEvents {
  /**
   * The peer's SETTINGS arrived: it speaks HTTP/3. A server end of ours sends them once it has accepted our
   * certificate; others may send them a little before. `others`: those that HTTP/3 knows nothing of, by identifier.
   */
  onReady(others: ReadonlyMap<number, number>): void;

  /**
   * Server: a request's head arrived and is well-formed. Returns who hears the rest of it.
   * `onData`, `onTrailers`, `onEnd` come later, never from within this call.
   */
  onRequest(stream: RequestStream, fields: FieldLines): RequestStreamEvents;

  /** After a `request` that said undefined: try again. */
  onStreamsAvailable(): void;

  /** The peer sent its first GOAWAY: open no more requests here. */
  onGoAway(): void;

  /** The last request stream in flight is over. There may be new ones by the time this is told. */
  onIdle(): void;

  /** The end, exactly once; every request stream was failed before. */
  onClosed(close: QuicClose): void;
}
