import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Cursor } from './cursor.ts';
import { writeVarint } from './varint.ts';

const bytes = (...values: number[]) => new Uint8Array(values);

describe('Cursor', () => {
  it('reads bytes in turn and says where it is', () => {
    const cursor = new Cursor(bytes(7, 8));
    expect(cursor.peek()).toBe(7);
    expect(cursor.byte()).toBe(7);
    expect(cursor.byte()).toBe(8);
    expect(cursor.offset).toBe(2);
    expect(cursor.remaining).toBe(0);
  });

  it('gives undefined at the end, and stays there', () => {
    const cursor = new Cursor(bytes());
    expect([cursor.peek(), cursor.byte(), cursor.varint(), cursor.take(1)]).toEqual([
      undefined,
      undefined,
      undefined,
      undefined,
    ]);
    expect(cursor.offset).toBe(0);
  });

  it.each([[bytes(0x40)], [bytes(0x80, 1, 2)], [bytes(0xc0, 1, 2, 3, 4, 5, 6)]])(
    'stays where it was when a varint is cut off: %s',
    (cut) => {
      const cursor = new Cursor(cut);
      expect(cursor.varint()).toBeUndefined();
      expect(cursor.offset).toBe(0);
    },
  );

  it('takes a view on the same memory', () => {
    const memory = bytes(1, 2, 3);
    const taken = new Cursor(memory).take(2);
    memory[1] = 9;
    expect(taken).toEqual(bytes(1, 9));
  });

  it('takes nothing when less is there than asked for', () => {
    const cursor = new Cursor(bytes(1, 2, 3));
    cursor.byte();
    expect(cursor.take(3)).toBeUndefined();
    expect(cursor.take(2 ** 62)).toBeUndefined();
    expect(cursor.take(2)).toEqual(bytes(2, 3));
    expect(cursor.take(0)).toEqual(bytes());
  });

  it('reads any sequence of varints as it was written', () => {
    fc.assert(
      fc.property(fc.array(fc.oneof(fc.nat(100), fc.maxSafeNat()), { maxLength: 20 }), (values) => {
        const memory = new Uint8Array(values.length * 8);
        const end = values.reduce((at, value) => writeVarint(memory, at, value), 0);
        const cursor = new Cursor(memory.subarray(0, end));
        expect(values.map(() => cursor.varint())).toEqual(values);
        expect(cursor.remaining).toBe(0);
      }),
    );
  });

  it('never passes the end of arbitrary bytes', () => {
    const reads = fc.array(fc.constantFrom('byte', 'varint', 'take'), { maxLength: 30 });
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), reads, (memory, kinds) => {
        const cursor = new Cursor(memory);
        for (const kind of kinds) {
          const before = cursor.offset;
          const got = kind === 'take' ? cursor.take(3) : kind === 'byte' ? cursor.byte() : cursor.varint();
          expect(cursor.offset).toBeLessThanOrEqual(memory.length);
          expect(cursor.offset > before).toBe(got !== undefined);
        }
      }),
    );
  });
});
