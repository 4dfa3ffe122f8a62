import { type DecodeResult, QpackDecoder } from '../qpack/decoder.ts';
import { QpackEncoder } from '../qpack/encoder.ts';
import type { QuicStreams, StreamId } from '../quic/port.ts';
import { OwnStream } from './own-stream.ts';
import type { FieldLines } from './port.ts';
import type { Settings } from './settings.ts';
import { StreamType } from './unidirectional.ts';

/**
 * QPACK with its two streams of ours: whatever encoding or decoding wants to tell the peer is written at once, so
 * that an instruction is always ahead of the field section that needs it (RFC 9204 §2.1.2).
 */
export class QpackStreams {
  readonly encoderStream: OwnStream;
  readonly decoderStream: OwnStream;
  readonly #encoder = new QpackEncoder();
  readonly #decoder: QpackDecoder;

  /** `settings` are those that we announce. */
  constructor(quic: QuicStreams, settings: Settings) {
    this.encoderStream = new OwnStream(quic, StreamType.QPACK_ENCODER);
    this.decoderStream = new OwnStream(quic, StreamType.QPACK_DECODER);
    this.#decoder = new QpackDecoder({
      maxTableCapacity: settings.qpackMaxTableCapacity,
      blockedStreams: settings.qpackBlockedStreams,
      maxFieldSectionSize: settings.maxFieldSectionSize,
    });
  }

  encode(id: StreamId, fields: FieldLines): Uint8Array {
    const section = this.#encoder.encode(id, fields);
    this.#tellDecoder();
    return section;
  }

  /** Throws a QpackError. */
  decode(id: StreamId, section: Uint8Array): DecodeResult {
    const result = this.#decoder.decode(id, section);
    this.#tellEncoder();
    return result;
  }

  /** The stream is abandoned: its sections will not be decoded (RFC 9204 §2.2.2.2). */
  cancel(id: StreamId): void {
    this.#decoder.cancelStream(id);
    this.#tellEncoder();
  }

  applyPeerSettings(settings: Settings): void {
    this.#encoder.applyPeerSettings(settings.qpackMaxTableCapacity, settings.qpackBlockedStreams);
    this.#tellDecoder();
  }

  /** Bytes of the peer's encoder stream. Throws a QpackError. */
  receiveEncoderStream(chunk: Uint8Array): void {
    this.#decoder.receiveEncoderStream(chunk);
    this.#tellEncoder();
  }

  /** Bytes of the peer's decoder stream. Throws a QpackError. */
  receiveDecoderStream(chunk: Uint8Array): void {
    this.#encoder.receiveDecoderStream(chunk);
    this.#tellDecoder();
  }

  #tellDecoder(): void {
    const bytes = this.#encoder.takeEncoderStreamBytes();
    if (bytes !== undefined) this.encoderStream.write(bytes);
  }

  #tellEncoder(): void {
    const bytes = this.#decoder.takeDecoderStreamBytes();
    if (bytes !== undefined) this.decoderStream.write(bytes);
  }
}
