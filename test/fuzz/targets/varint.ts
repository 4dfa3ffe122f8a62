import { Cursor } from '../../../src/bytes/cursor.ts';
import { MAX_VARINT, readVarint, varintLength, writeVarint } from '../../../src/bytes/varint.ts';
import { bytesOf, check, expected, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';

const scratch = Buffer.alloc(8);

/** Variable-length integers, read one after the other, and any number written. */
export const varint: Target = {
  name: 'varint',
  maxLength: 64,
  seeds: [
    Buffer.from('c2197c5eff14e88c9d7f3e7d7bbd25', 'hex'),
    Buffer.from('ffffffffffffffffbfffffff7fff3f', 'hex'),
    bytesOf('@A'),
  ],
  dictionary: [],
  run(input, trace) {
    const cursor = new Cursor(input);
    while (cursor.remaining > 0 && readOne(cursor, input, trace));
    if (input.length >= 8) writeOne(Buffer.from(input).readDoubleLE(0), trace);
  },
};

function readOne(cursor: Cursor, input: Uint8Array, trace: Trace): boolean {
  const start = cursor.offset;
  const length = 1 << ((input[start] as number) >> 6);
  const value = cursor.varint();
  if (value === undefined) {
    trace.hit(length);
    check(start + length > input.length, 'a varint that is all there is read');
    check(cursor.offset === start, 'a read that fails moves nothing');
    return false;
  }
  check(cursor.offset === start + length, 'a varint takes the bytes that its first two bits say');
  check(value === Number(reference(input, start, length)), 'the value is that of RFC 9000 §16');
  if (value > MAX_VARINT) return true;
  trace.size(length + 8, value % 0x1_0000_0000);
  const end = writeVarint(scratch, 0, value);
  check(end === varintLength(value) && end <= length, 'the shortest form is written');
  check(readVarint(scratch, 0) === value, 'what was written is read');
  return true;
}

function reference(input: Uint8Array, start: number, length: number): bigint {
  let value = BigInt((input[start] as number) & 0x3f);
  for (let at = start + 1; at < start + length; at++) value = value * 256n + BigInt(input[at] as number);
  return value;
}

function writeOne(value: number, trace: Trace): void {
  const legal = Number.isSafeInteger(value) && value >= 0;
  try {
    varintLength(value);
    check(legal, 'only whole numbers up to 2^53−1 have a length');
  } catch (error) {
    expected(error, RangeError);
    check(!legal, 'every whole number up to 2^53−1 has a length');
    trace.hit(100);
  }
}
