import { QpackDecoder } from '../../../src/qpack/decoder.ts';
import { QpackEncoder } from '../../../src/qpack/encoder.ts';
import {
  QPACK_DECODER_STREAM_ERROR,
  QPACK_ENCODER_STREAM_ERROR,
  QpackError,
  type QpackErrorCode,
} from '../../../src/qpack/errors.ts';
import type { InstructionStream } from '../../../src/qpack/instruction-stream.ts';
import {
  decoderStream as createDecoderStream,
  encoderStream as createEncoderStream,
  writeDuplicate,
  writeInsertCountIncrement,
  writeInsertWithLiteralName,
  writeInsertWithNameReference,
  writeSectionAcknowledgment,
  writeSetCapacity,
  writeStreamCancellation,
} from '../../../src/qpack/instructions.ts';
import { Writer } from '../../../src/qpack/writer.ts';
import { check, expected, sameBytes, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';

/** Bytes of dynamic table. */
const CAPACITY = 256;

/** What a stream of instructions came to: those acted upon, as text and written anew, and the error that ended it. */
interface Reading {
  readonly told: string[];
  readonly written: Writer;
  error: string;
}

function written(...instructions: ((writer: Writer) => void)[]): Uint8Array {
  const writer = new Writer();
  for (const write of instructions) write(writer);
  return writer.take();
}

const INSERTS = written(
  (writer) => writeSetCapacity(writer, CAPACITY),
  (writer) => writeInsertWithNameReference(writer, true, 1, '/index'),
  (writer) => writeInsertWithLiteralName(writer, 'x-name', 'a value \x00\xff'),
  (writer) => writeInsertWithNameReference(writer, false, 0, 'short'),
  (writer) => writeDuplicate(writer, 1),
);
const ANSWERS = written(
  (writer) => writeInsertCountIncrement(writer, 2),
  (writer) => writeSectionAcknowledgment(writer, 4),
  (writer) => writeStreamCancellation(writer, 0),
);

/** Instructions to a decoder. */
export const encoderStream: Target = {
  name: 'qpack-encoder-stream',
  maxLength: 100,
  seeds: [INSERTS, Buffer.concat([INSERTS, INSERTS]), Uint8Array.of(0x3f, 0xe1, 0x01)],
  dictionary: [
    ...[INSERTS.subarray(0, 3), INSERTS, Uint8Array.of(0x80, 0), Uint8Array.of(0x7f, 0xff, 0x80)],
    written((writer) => writeInsertWithLiteralName(writer, 'n'.repeat(30), 'v'.repeat(90))),
  ],
  run(input, trace) {
    fuzzStream(input, trace, readEncoderStream, QPACK_ENCODER_STREAM_ERROR);
    const whole = acknowledged(input, input.length, trace);
    check(whole === acknowledged(input, 1, undefined), 'a table filled byte by byte is the same');
  },
};

/** Instructions to an encoder. */
export const decoderStream: Target = {
  name: 'qpack-decoder-stream',
  maxLength: 96,
  seeds: [ANSWERS, Uint8Array.of(0x80, 0x84, 0x88), Uint8Array.of(0xff, 0x80, 0x01, 0x3f, 0x00)],
  dictionary: [0x80, 0x84, 0x88, 0x40, 0x44, 0x01, 0x02].map((byte) => Uint8Array.of(byte)),
  run(input, trace) {
    fuzzStream(input, trace, readDecoderStream, QPACK_DECODER_STREAM_ERROR);
    answerEncoder(input, trace);
  },
};

type Read = (input: Uint8Array, step: number, code: QpackErrorCode) => Reading;

function fuzzStream(input: Uint8Array, trace: Trace, read: Read, code: QpackErrorCode): void {
  const whole = read(input, input.length, code);
  const bytewise = read(input, 1, code);
  for (const told of whole.told) {
    trace.say(told.split(' ', 1)[0] ?? '');
    trace.size(0, told.length);
  }
  trace.say(whole.error);
  check(whole.told.join('\n') === bytewise.told.join('\n'), 'instructions byte by byte are the same');
  check((whole.error === '') === (bytewise.error === ''), 'an error byte by byte is an error');
  const again = whole.written.take();
  const reread = read(again, again.length, code);
  check(
    reread.error === '' && reread.told.join('\n') === whole.told.join('\n'),
    'written anew they are the same',
  );
  check(sameBytes(reread.written.take(), again), 'there is one way to write an instruction');
}

function readEncoderStream(input: Uint8Array, step: number, code: QpackErrorCode): Reading {
  const reading: Reading = { told: [], written: new Writer(), error: '' };
  const note = (told: string) => reading.told.push(told);
  const stream = createEncoderStream(CAPACITY, {
    setCapacity(capacity) {
      note(`capacity ${exact(capacity)}`);
      writeSetCapacity(reading.written, capacity);
    },
    insertWithNameReference(isStatic, index, value) {
      note(`reference ${isStatic} ${exact(index)} ${value}`);
      check(value.length <= CAPACITY, 'no string is longer than the table');
      writeInsertWithNameReference(reading.written, isStatic, index, value);
    },
    insertWithLiteralName(name, value) {
      note(`literal ${name}: ${value}`);
      check(Math.max(name.length, value.length) <= CAPACITY, 'no string is longer than the table');
      writeInsertWithLiteralName(reading.written, name, value);
    },
    duplicate(index) {
      note(`duplicate ${exact(index)}`);
      writeDuplicate(reading.written, index);
    },
  });
  feed(stream, input, step, code, reading);
  return reading;
}

function readDecoderStream(input: Uint8Array, step: number, code: QpackErrorCode): Reading {
  const reading: Reading = { told: [], written: new Writer(), error: '' };
  const stream = createDecoderStream({
    acknowledgeSection(id) {
      reading.told.push(`acknowledge ${exact(id)}`);
      writeSectionAcknowledgment(reading.written, id);
    },
    cancelStream(id) {
      reading.told.push(`cancel ${exact(id)}`);
      writeStreamCancellation(reading.written, id);
    },
    incrementInsertCount(increment) {
      reading.told.push(`increment ${exact(increment)}`);
      writeInsertCountIncrement(reading.written, increment);
    },
  });
  feed(stream, input, step, code, reading);
  return reading;
}

// Larger ones are not exact numbers; they end the stream here, as they do in the tables.
function exact(value: number): number {
  if (value > Number.MAX_SAFE_INTEGER) throw new QpackError(QPACK_ENCODER_STREAM_ERROR, 'too large');
  return value;
}

function feed(
  stream: InstructionStream,
  input: Uint8Array,
  step: number,
  code: QpackErrorCode,
  reading: Reading,
): void {
  try {
    for (let at = 0; at < input.length; at += step) stream.receive(input.subarray(at, at + step));
  } catch (error) {
    const { code: raised, message } = expected(error, QpackError);
    check(raised === code || message === 'too large', 'the error has the code of its stream');
    reading.error = message;
  }
}

// What a decoder says of the inserts that it was given, or the error that it ends with.
function acknowledged(input: Uint8Array, step: number, trace: Trace | undefined): string {
  const decoder = new QpackDecoder({
    maxTableCapacity: CAPACITY,
    blockedStreams: 1,
    maxFieldSectionSize: 1000,
  });
  try {
    for (let at = 0; at < input.length; at += step)
      decoder.receiveEncoderStream(input.subarray(at, at + step));
  } catch (error) {
    const { code, message } = expected(error, QpackError);
    check(code === QPACK_ENCODER_STREAM_ERROR, 'an error of the table has the code of its stream');
    trace?.say(message);
    return message;
  }
  return Buffer.from(decoder.takeDecoderStreamBytes() ?? []).toString('hex');
}

const LINES = [':path', '/one', 'x-name', 'value', 'server', 'x'];

// An encoder with sections on three streams hears it, and has to go on or to say what is wrong.
function answerEncoder(input: Uint8Array, trace: Trace): void {
  const encoder = new QpackEncoder({ maxTableCapacity: CAPACITY, neverIndexed: [] });
  encoder.applyPeerSettings(CAPACITY, 2);
  for (const id of [0, 4, 8, 4]) encoder.encode(id, LINES);
  const inserts = encoder.takeEncoderStreamBytes();
  try {
    encoder.receiveDecoderStream(input);
  } catch (error) {
    const { code, message } = expected(error, QpackError);
    check(code === QPACK_DECODER_STREAM_ERROR, 'an error of the encoder has the code of its stream');
    trace.say(message);
    return;
  }
  const section = encoder.encode(12, LINES);
  const decoder = new QpackDecoder({
    maxTableCapacity: CAPACITY,
    blockedStreams: 1,
    maxFieldSectionSize: 1000,
  });
  decoder.receiveEncoderStream(
    Buffer.concat([inserts ?? [], encoder.takeEncoderStreamBytes() ?? []].map(Buffer.from)),
  );
  const result = decoder.decode(12, section);
  check(
    result.kind === 'fields' && result.fields.join() === LINES.join(),
    'the next section is what was sent',
  );
}
