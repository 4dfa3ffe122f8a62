import { type DecodeResult, QpackDecoder } from '../qpack/decoder.ts';
import { QpackEncoder, type QpackEncoderOptions } from '../qpack/encoder.ts';
import type { QuicStreams, StreamId } from '../quic/port.ts';
import type { FloodGuard } from './flood-guard.ts';
import { INSTRUCTIONS_PER_UNIT } from './limits.ts';
import { OwnStream } from './own-stream.ts';
import type { FieldLines } from './port.ts';
import type { Settings } from './settings.ts';
import { StreamType } from './unidirectional.ts';

/**
 * QPACK with its two streams of ours. What encoding wants to tell the peer is written at once, so that an instruction is
 * always ahead of the field section that needs it (RFC 9204 §2.1.2). What decoding wants to tell is collected, unless the
 * peer's encoder can use it at once: a stream of its own needs datagrams of its own, each of which the peer acknowledges
 * with another, and where tables are full of what is used again and again they were a third of all.
 *
 * A stream whose section is blocked gets nothing more of QUIC: what it holds is bounded by flow control.
 */
export class QpackStreams {
  readonly encoderStream: OwnStream;
  readonly decoderStream: OwnStream;
  readonly #quic: QuicStreams;
  readonly #flood: FloodGuard;
  readonly #encoder: QpackEncoder;
  readonly #decoder: QpackDecoder;
  readonly #onFailure: (error: unknown) => void;
  #late: NodeJS.Timeout | undefined;

  /**
   * `settings` are those that we announce; our encoder's table is no larger than what we offer the peer's. `onFailure` takes
   * what cannot be thrown at a caller.
   */
  constructor(
    quic: QuicStreams,
    settings: Settings,
    encoding: Pick<QpackEncoderOptions, 'neverIndexed' | 'counters'>,
    flood: FloodGuard,
    onFailure: (error: unknown) => void,
  ) {
    this.#quic = quic;
    this.#flood = flood;
    this.#onFailure = onFailure;
    this.encoderStream = new OwnStream(quic, StreamType.QPACK_ENCODER);
    this.decoderStream = new OwnStream(quic, StreamType.QPACK_DECODER);
    this.#encoder = new QpackEncoder({ ...encoding, maxTableCapacity: settings.qpackMaxTableCapacity });
    this.#decoder = new QpackDecoder({
      maxTableCapacity: settings.qpackMaxTableCapacity,
      blockedStreams: settings.qpackBlockedStreams,
      maxFieldSectionSize: settings.maxFieldSectionSize,
    });
  }

  /** Without room on our encoder stream, what is not in the table stays out of it (RFC 9204 §2.1.3). */
  encode(id: StreamId, fields: FieldLines): Uint8Array {
    const section = this.#encoder.encode(id, fields, this.encoderStream.hasRoom);
    this.#tellDecoder();
    return section;
  }

  /** Throws a QpackError. A blocked stream is paused, until {@link QpackStreams.receiveEncoderStream} names it. */
  decode(id: StreamId, section: Uint8Array): DecodeResult {
    const result = this.#decoder.decode(id, section);
    if (result.kind === 'blocked') this.#quic.pauseStream(id);
    return result;
  }

  /** Decodes the section of a stream that was blocked. Throws a QpackError. */
  resume(id: StreamId): DecodeResult {
    return this.#decoder.resume(id);
  }

  /** The stream is abandoned: its sections will not be decoded (RFC 9204 §2.2.2.2). */
  cancel(id: StreamId): void {
    this.#decoder.cancelStream(id);
  }

  applyPeerSettings(settings: Settings): void {
    this.#encoder.applyPeerSettings(settings.qpackMaxTableCapacity, settings.qpackBlockedStreams);
    this.#tellDecoder();
  }

  /** Bytes of the peer's encoder stream. Returns the streams that are no longer blocked. Throws a QpackError. */
  receiveEncoderStream(chunk: Uint8Array): readonly StreamId[] {
    const before = this.#decoder.instructionCount;
    const unblocked = this.#decoder.receiveEncoderStream(chunk);
    this.#charge('QPACK encoder instructions', before, this.#decoder.instructionCount);
    return unblocked;
  }

  /** Bytes of the peer's decoder stream. Throws a QpackError. */
  receiveDecoderStream(chunk: Uint8Array): void {
    const before = this.#encoder.instructionCount;
    this.#encoder.receiveDecoderStream(chunk);
    this.#charge('QPACK decoder instructions', before, this.#encoder.instructionCount);
  }

  /** Sees to it that the peer gets to know what decoding has to tell: now, or with what is decoded next. */
  tellEncoder(): void {
    const { hasNews, waitingInstructions } = this.#decoder;
    if (hasNews || waitingInstructions >= COLLECTED) this.#tellNow();
    else if (waitingInstructions > 0) this.#late ??= setTimeout(this.#tellLate, PATIENCE).unref();
  }

  /** The connection is over. */
  close(): void {
    clearTimeout(this.#late);
  }

  #tellNow(): void {
    clearTimeout(this.#late);
    this.#late = undefined;
    const bytes = this.#decoder.takeDecoderStreamBytes();
    if (bytes !== undefined) this.decoderStream.write(bytes);
  }

  readonly #tellLate = (): void => {
    try {
      this.#tellNow();
    } catch (error) {
      this.#onFailure(error);
    }
  };

  #tellDecoder(): void {
    const bytes = this.#encoder.takeEncoderStreamBytes();
    if (bytes !== undefined) this.encoderStream.write(bytes);
  }

  // `before` and `after` count instructions since the beginning, so that remainders add up.
  #charge(what: string, before: number, after: number): void {
    const units = Math.floor(after / INSTRUCTIONS_PER_UNIT) - Math.floor(before / INSTRUCTIONS_PER_UNIT);
    if (units > 0) this.#flood.spend(what, units);
  }
}

/** Acknowledgments that are told together at most, and how long the first of them waits for others, milliseconds. */
const COLLECTED = 64;
const PATIENCE = 100;
