import { type DecodeResult, QpackDecoder } from '../../../src/qpack/decoder.ts';
import { entrySize } from '../../../src/qpack/dynamic-table.ts';
import { QpackEncoder } from '../../../src/qpack/encoder.ts';
import { QPACK_DECOMPRESSION_FAILED, QpackError } from '../../../src/qpack/errors.ts';
import {
  writeInsertWithLiteralName,
  writeInsertWithNameReference,
  writeSetCapacity,
} from '../../../src/qpack/instructions.ts';
import { Writer } from '../../../src/qpack/writer.ts';
import { check, expected, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';

const OPTIONS = { maxTableCapacity: 256, blockedStreams: 1, maxFieldSectionSize: 600 };

/** Inserts that a decoder has, each with the bytes that bring it. */
const INSERTS = ((): readonly Uint8Array[] => {
  const writer = new Writer();
  writeSetCapacity(writer, OPTIONS.maxTableCapacity);
  const capacity = writer.take();
  return ['alpha', 'beta', 'gamma', 'delta', 'epsilon', 'zeta', 'eta'].map((value, at) => {
    if (at % 2 === 0) writeInsertWithNameReference(writer, true, 1 + at, value);
    else writeInsertWithLiteralName(writer, `x-${value}`, value);
    return at === 0 ? Buffer.concat([capacity, writer.take()]) : writer.take();
  });
})();

const encode = (...fields: string[]): Uint8Array => new QpackEncoder().encode(0, fields);
const withInserts = (count: number, section: Uint8Array): Uint8Array =>
  Buffer.concat([Uint8Array.of(count), section]);

/**
 * Encoded field sections, at a decoder with as many inserts as the first byte says: the same lines again whether the
 * inserts come before or behind the section, never more than the limit, and the same after being encoded anew.
 */
export const fieldSection: Target = {
  name: 'field-section',
  maxLength: 256,
  seeds: [
    withInserts(0, encode(':method', 'GET', ':path', '/index.html', 'x-name', 'a value')),
    withInserts(7, Uint8Array.of(8, 0, 0x80, 0x81, 0x82, 0x40, 1, 0x61)),
    withInserts(2, Uint8Array.of(6, 0x82, 0x10, 0x11, 0x00, 1, 0x62)),
    withInserts(3, Uint8Array.of(0, 0, 0xd1, 0x5f, 0x1d, 0x82, 0xff, 0xff)),
  ],
  dictionary: [
    ...[[3, 0], [8, 0], [8, 0x83], [0xd1], [0x80], [0x85], [0x10], [0x12], [0xff, 0x24]].map((it) =>
      Uint8Array.from(it),
    ),
    encode('cookie', 'a=b').subarray(2),
    encode('x-long', 'v'.repeat(100)).subarray(2),
  ],
  run(input, trace) {
    const early = (input[0] ?? 0) % (INSERTS.length + 1);
    const section = input.subarray(1);
    const whole = decoded(section, INSERTS.length, trace);
    const waiting = decoded(section, early, trace);
    if (typeof waiting !== 'string') checkFields(waiting);
    if (typeof whole !== 'string' && typeof waiting !== 'string') {
      check(whole.join('\n') === waiting.join('\n'), 'a section that had to wait is the same');
    }
  },
};

// The lines, or why there are none. A blocked section gets the inserts that are missing.
function decoded(section: Uint8Array, early: number, trace: Trace): readonly string[] | string {
  const decoder = new QpackDecoder(OPTIONS);
  for (const insert of INSERTS.slice(0, early)) decoder.receiveEncoderStream(insert);
  try {
    let result: DecodeResult = decoder.decode(0, section);
    trace.say(result.kind);
    for (const insert of result.kind === 'blocked' ? INSERTS.slice(early) : []) {
      if (decoder.receiveEncoderStream(insert).length > 0) result = decoder.resume(0);
    }
    if (result.kind !== 'fields') return result.kind;
    trace.size(early, result.fields.length);
    return result.fields;
  } catch (error) {
    const { code, message } = expected(error, QpackError);
    check(code === QPACK_DECOMPRESSION_FAILED, 'a bad section has its own code');
    trace.say(message);
    return message;
  }
}

function checkFields(fields: readonly string[]): void {
  let size = 0;
  for (let at = 0; at < fields.length; at += 2) size += entrySize(fields[at] ?? '', fields[at + 1] ?? '');
  check(fields.length % 2 === 0 && size <= OPTIONS.maxFieldSectionSize, 'a section keeps to the limit');
  const again = new QpackDecoder(OPTIONS).decode(0, new QpackEncoder().encode(0, fields));
  check(
    again.kind === 'fields' && again.fields.join('\n') === fields.join('\n'),
    'encoded anew it is the same',
  );
}
