/**
 * The instructions of the encoder and the decoder stream (RFC 9204 §4.3, §4.4), told apart by their first bits:
 *
 *     encoder stream                          decoder stream
 *     1T…  Insert with Name Reference         1……  Section Acknowledgment
 *     01…  Insert with Literal Name           01…  Stream Cancellation
 *     001  Set Dynamic Table Capacity         00…  Insert Count Increment
 *     000  Duplicate
 */
import { QPACK_DECODER_STREAM_ERROR, QPACK_ENCODER_STREAM_ERROR } from './errors.ts';
import { InstructionStream } from './instruction-stream.ts';
import { MAX_INTEGER_BYTES } from './integers.ts';
import { Reader, TOO_LONG } from './reader.ts';
import type { Writer } from './writer.ts';

/** What a decoder does on each instruction of the encoder stream. Indices of the dynamic table are relative. */
export interface EncoderInstructions {
  setCapacity(capacity: number): void;
  insertWithNameReference(isStatic: boolean, index: number, value: string): void;
  insertWithLiteralName(name: string, value: string): void;
  duplicate(index: number): void;
}

/** What an encoder does on each instruction of the decoder stream. */
export interface DecoderInstructions {
  acknowledgeSection(streamId: number): void;
  cancelStream(streamId: number): void;
  incrementInsertCount(increment: number): void;
}

/** Insert with Name Reference (§4.3.2). */
export function writeInsertWithNameReference(
  writer: Writer,
  isStatic: boolean,
  index: number,
  value: string,
): void {
  writer.integer(isStatic ? 0xc0 : 0x80, 6, index);
  writer.string(0, 8, value);
}

/** Insert with Literal Name (§4.3.3). */
export function writeInsertWithLiteralName(writer: Writer, name: string, value: string): void {
  writer.string(0x40, 6, name);
  writer.string(0, 8, value);
}

/** Set Dynamic Table Capacity (§4.3.1). */
export function writeSetCapacity(writer: Writer, capacity: number): void {
  writer.integer(0x20, 5, capacity);
}

/** Duplicate (§4.3.4). */
export function writeDuplicate(writer: Writer, index: number): void {
  writer.integer(0, 5, index);
}

/** Section Acknowledgment (§4.4.1). */
export function writeSectionAcknowledgment(writer: Writer, streamId: number): void {
  writer.integer(0x80, 7, streamId);
}

/** Stream Cancellation (§4.4.2). */
export function writeStreamCancellation(writer: Writer, streamId: number): void {
  writer.integer(0x40, 6, streamId);
}

/** Insert Count Increment (§4.4.3). */
export function writeInsertCountIncrement(writer: Writer, increment: number): void {
  writer.integer(0, 6, increment);
}

/**
 * Reads the encoder stream of a peer that may use `maxTableCapacity` bytes. What is malformed, and a string that no
 * table could hold, is raised as a QpackError with QPACK_ENCODER_STREAM_ERROR.
 */
export function encoderStream(
  maxTableCapacity: number,
  instructions: EncoderInstructions,
): InstructionStream {
  const reader = new Reader(QPACK_ENCODER_STREAM_ERROR);
  const readOne = () => readEncoderInstruction(reader, maxTableCapacity, instructions);
  // A Huffman code can be nearly four times as long as what it stands for.
  return new InstructionStream(reader, 4 * maxTableCapacity + 2 * MAX_INTEGER_BYTES, readOne);
}

/** Reads the decoder stream; what is malformed is raised as a QpackError with QPACK_DECODER_STREAM_ERROR. */
export function decoderStream(instructions: DecoderInstructions): InstructionStream {
  const reader = new Reader(QPACK_DECODER_STREAM_ERROR);
  return new InstructionStream(reader, 2 * MAX_INTEGER_BYTES, () =>
    readDecoderInstruction(reader, instructions),
  );
}

function readEncoderInstruction(reader: Reader, limit: number, instructions: EncoderInstructions): boolean {
  const first = reader.peek() ?? 0;
  if (first >= 0x80) return readInsertWithNameReference(reader, limit, instructions);
  if (first >= 0x40) return readInsertWithLiteralName(reader, limit, instructions);
  const value = reader.integer(5);
  if (value === undefined) return false;
  if (first >= 0x20) instructions.setCapacity(value);
  else instructions.duplicate(value);
  return true;
}

function readInsertWithNameReference(
  reader: Reader,
  limit: number,
  instructions: EncoderInstructions,
): boolean {
  const isStatic = ((reader.peek() ?? 0) & 0x40) !== 0;
  const index = reader.integer(6);
  const value = index === undefined ? undefined : reader.string(8, limit);
  if (index === undefined || value === undefined) return false;
  instructions.insertWithNameReference(isStatic, index, withinLimit(reader, value));
  return true;
}

function readInsertWithLiteralName(
  reader: Reader,
  limit: number,
  instructions: EncoderInstructions,
): boolean {
  const name = reader.string(6, limit);
  const value = name === undefined ? undefined : reader.string(8, limit);
  if (name === undefined || value === undefined) return false;
  instructions.insertWithLiteralName(withinLimit(reader, name), withinLimit(reader, value));
  return true;
}

function withinLimit(reader: Reader, text: string | typeof TOO_LONG): string {
  if (text === TOO_LONG) throw reader.failure('entry over the capacity of the dynamic table');
  return text;
}

function readDecoderInstruction(reader: Reader, instructions: DecoderInstructions): boolean {
  const first = reader.peek() ?? 0;
  const value = reader.integer(first >= 0x80 ? 7 : 6);
  if (value === undefined) return false;
  if (first >= 0x80) instructions.acknowledgeSection(value);
  else if (first >= 0x40) instructions.cancelStream(value);
  else instructions.incrementInsertCount(value);
  return true;
}
