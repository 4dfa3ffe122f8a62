/**
 * The instructions of the encoder and the decoder stream (RFC 9204 §4.3, §4.4), told apart by their first bits:
 *
 *     encoder stream                          decoder stream
 *     1……  Insert with Name Reference         1……  Section Acknowledgment
 *     01…  Insert with Literal Name           01…  Stream Cancellation
 *     001  Set Dynamic Table Capacity         00…  Insert Count Increment
 *     000  Duplicate
 */
import { QPACK_DECODER_STREAM_ERROR, QPACK_ENCODER_STREAM_ERROR, QpackError } from './errors.ts';
import { Reader } from './reader.ts';

/** Cuts a stream of bytes, however it arrives, into instructions. */
class InstructionStream {
  readonly #reader: Reader;
  readonly #readOne: (reader: Reader) => boolean;
  // The beginning of an instruction whose end has not come: less than the longest instruction.
  #unfinished: Uint8Array = EMPTY;

  /** `readOne` reads one instruction and says whether all of it was there. */
  constructor(reader: Reader, readOne: (reader: Reader) => boolean) {
    this.#reader = reader;
    this.#readOne = readOne;
  }

  receive(chunk: Uint8Array): void {
    const bytes = this.#unfinished.length === 0 ? chunk : Buffer.concat([this.#unfinished, chunk]);
    this.#reader.reset(bytes);
    let done = 0;
    while (this.#reader.remaining > 0 && this.#readOne(this.#reader)) done = this.#reader.offset;
    // A copy: the caller may use the chunk's memory again.
    this.#unfinished = done === bytes.length ? EMPTY : new Uint8Array(bytes.subarray(done));
  }
}

/**
 * Reads the peer's encoder stream for a decoder whose table has no capacity: it may only be set to 0, and nothing can
 * be inserted or duplicated.
 */
export class EncoderStreamReader {
  readonly #stream = new InstructionStream(new Reader(QPACK_ENCODER_STREAM_ERROR), readEncoderInstruction);

  /** Throws a QpackError with QPACK_ENCODER_STREAM_ERROR. */
  receive(chunk: Uint8Array): void {
    this.#stream.receive(chunk);
  }
}

/**
 * Reads the peer's decoder stream for an encoder that never refers to a dynamic table: there is nothing to
 * acknowledge. A cancellation is legal at any time and changes nothing.
 */
export class DecoderStreamReader {
  readonly #stream = new InstructionStream(new Reader(QPACK_DECODER_STREAM_ERROR), readDecoderInstruction);

  /** Throws a QpackError with QPACK_DECODER_STREAM_ERROR. */
  receive(chunk: Uint8Array): void {
    this.#stream.receive(chunk);
  }
}

function readEncoderInstruction(reader: Reader): boolean {
  const first = reader.peek() ?? 0;
  if (first >= 0x40) throw new QpackError(QPACK_ENCODER_STREAM_ERROR, 'entry over the table capacity of 0');
  if (first < 0x20)
    throw new QpackError(QPACK_ENCODER_STREAM_ERROR, 'duplicate of an entry that does not exist');
  const capacity = reader.integer(5);
  if (capacity === undefined) return false;
  if (capacity > 0)
    throw new QpackError(QPACK_ENCODER_STREAM_ERROR, `capacity ${capacity} over the maximum of 0`);
  return true;
}

function readDecoderInstruction(reader: Reader): boolean {
  const first = reader.peek() ?? 0;
  if (first >= 0x80) {
    throw new QpackError(
      QPACK_DECODER_STREAM_ERROR,
      'acknowledgment of a section without dynamic references',
    );
  }
  if (first < 0x40)
    throw new QpackError(QPACK_DECODER_STREAM_ERROR, 'insert count incremented without an insert');
  return reader.integer(6) !== undefined;
}

const EMPTY = new Uint8Array(0);
