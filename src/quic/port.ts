/**
 * What HTTP/3 needs of QUIC, and nothing else: types only. `quic/connection.ts` implements {@link QuicStreams} and
 * calls {@link QuicEvents}; HTTP/3 does the reverse. No promise, event object or copy stands between the two.
 */

/** Who opens what (RFC 9000 §2.1). */
export type Role = 'client' | 'server';

/** A stream's identifier (RFC 9000 §2.1): bit 0 says who opened it, bit 1 whether it is unidirectional. */
export type StreamId = number;

export const isServerInitiated = (id: StreamId): boolean => id % 2 === 1;
export const isUnidirectional = (id: StreamId): boolean => id % 4 >= 2;

/** Why a connection ended. */
export interface QuicClose {
  /**
   * - `local`, `remote`: CONNECTION_CLOSE sent or received (RFC 9000 §10.2);
   * - `idle`: nothing was heard for the idle timeout (§10.1), the handshake never got an answer, or
   *   the peer has lost the connection (§10.3).
   */
  readonly source: 'local' | 'remote' | 'idle';
  /** `application` for HTTP/3 codes (RFC 9114 §8.1), `transport` for QUIC and TLS ones (RFC 9000 §20.1). */
  readonly space: 'application' | 'transport';
  readonly code: number;
  /** What a person can make of it; never empty. */
  readonly reason: string;
}

/**
 * What the owner of a connection may replace it for.
 *
 * - `silent`: the peer was asked and does not answer; it may be out of reach for a while, or for good;
 * - `answering`: it is there after all.
 */
export type Condition = 'silent' | 'answering';

/** Why a peer has lost its connection: it broke a rule, or it asked for too much in vain. */
export type Blame = 'breach' | 'flood';

/** The sending and steering half: calls that HTTP/3 makes. All are no-ops on streams already gone. */
export interface QuicStreams {
  readonly role: Role;

  /** Takes the next stream of ours, or `undefined` while the peer allows no more: wait for `onStreamsAvailable`. */
  openStream(direction: 'bidirectional' | 'unidirectional'): StreamId | undefined;

  /**
   * Queues `chunk` (ownership passes: never change it afterwards) and, with `fin`, the end of the stream. All of it
   * is accepted. `false` means that enough is queued: stop until `onStreamDrain`.
   *
   * An end should come with bytes. The engine takes a stream for done as soon as all of its bytes are acknowledged,
   * and may forget one whose end, sent behind them, is still to arrive: then it never does.
   */
  write(id: StreamId, chunk: Uint8Array, fin: boolean): boolean;

  /** Ends the stream with what is queued of it. False: nothing is, and nothing has happened. */
  finishStream(id: StreamId): boolean;

  /** RESET_STREAM: abandons sending; what was queued is dropped (RFC 9000 §3.1). */
  resetStream(id: StreamId, errorCode: number): void;

  /** STOP_SENDING: no interest in what the peer sends; no further `onStreamData` (RFC 9000 §3.5). */
  stopSending(id: StreamId, errorCode: number): void;

  /** Stops delivery, and with it the credit that the peer gets. Resets are still delivered. */
  pauseStream(id: StreamId): void;

  /** Resumes delivery, never from within this call. */
  resumeStream(id: StreamId): void;

  /** RFC 9218 urgency, 0 (first) to 7; incremental streams of one urgency share. */
  setPriority(id: StreamId, urgency: number, incremental: boolean): void;

  /**
   * CONNECTION_CLOSE of the application space (RFC 9000 §10.2). `onClosed` follows, never from within this call.
   * `blame` says what the peer did; one that does so again and again may not come at once.
   */
  close(errorCode: number, reason: string, blame?: Blame): void;
}

/** The receiving half: calls that QUIC makes. None may throw. */
export interface QuicEvents {
  /**
   * Bytes of a stream, in order. The first call for a peer's stream is its opening. `chunk` is the receiver's to
   * keep, and may be empty when `fin` is true. Never called after `fin`, a reset or `stopSending`.
   */
  onStreamData(id: StreamId, chunk: Uint8Array, fin: boolean): void;

  /** RESET_STREAM came: nothing more will (RFC 9000 §3.2). The code is 0 when the engine has forgotten it. */
  onStreamReset(id: StreamId, errorCode: number): void;

  /**
   * STOP_SENDING came: sending was reset with the same code, queued bytes are gone (RFC 9000 §3.5). The code is 0 when
   * the engine has forgotten it.
   */
  onStreamStopped(id: StreamId, errorCode: number): void;

  /** After a `write` that said false: there is room again. */
  onStreamDrain(id: StreamId): void;

  /**
   * After the end of a stream was written: none of it waits any more. The engine has all of it, which is as far as the
   * peer's credit goes, or the peer stopped it.
   */
  onStreamSent(id: StreamId): void;

  /** After an `openStream` that said undefined: the peer allows more. */
  onStreamsAvailable(): void;

  /** The end, exactly once; nothing is called afterwards. */
  onClosed(close: QuicClose): void;
}
