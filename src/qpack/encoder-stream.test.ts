import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QpackDecoder } from './decoder.ts';
import {
  QPACK_DECOMPRESSION_FAILED,
  QPACK_ENCODER_STREAM_ERROR,
  QpackError,
  type QpackErrorCode,
} from './errors.ts';
import { writeSetCapacity } from './instructions.ts';
import { Writer } from './writer.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const fields = (...lines: string[]) => ({ kind: 'fields', fields: lines });

function decoderOf(blockedStreams = 100, maxTableCapacity = 220, maxFieldSectionSize = 10_000): QpackDecoder {
  return new QpackDecoder({ maxTableCapacity, blockedStreams, maxFieldSectionSize });
}

/** A decoder that has taken what RFC 9204 appendix B sends on the encoder stream up to B.3. */
function decoderWithThreeEntries(blockedStreams = 100): QpackDecoder {
  const decoder = decoderOf(blockedStreams);
  decoder.receiveEncoderStream(hex(INSERTS_B2 + INSERT_B3));
  decoder.takeDecoderStreamBytes();
  return decoder;
}

function codeOf(action: () => unknown): QpackErrorCode | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof QpackError) return error.code;
    throw error;
  }
}

// 0 :authority www.example.com, 1 :path /sample/path
const INSERTS_B2 = '3fbd01 c00f 7777772e6578616d706c652e636f6d c10c 2f73616d706c652f70617468';
// 2 custom-key custom-value
const INSERT_B3 = '4a 637573746f6d2d6b6579 0c 637573746f6d2d76616c7565';
// 3 :authority www.example.com
const DUPLICATE_B4 = '02';
// 4 custom-key custom-value2, evicting 0
const INSERT_B5 = '810d 637573746f6d2d76616c756532';

describe('encoder stream (RFC 9204 §4.3)', () => {
  const all = INSERTS_B2 + INSERT_B3 + DUPLICATE_B4 + INSERT_B5;

  it('means the same however it is cut', () => {
    const bytes = hex(all);
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = decoderOf();
      decoder.receiveEncoderStream(bytes.subarray(0, at));
      decoder.receiveEncoderStream(bytes.subarray(at));
      expect(decoder.decode(0, hex('0600 80 81 82 83')).kind).toBe('fields');
    }
    const decoder = decoderOf();
    for (const byte of bytes) decoder.receiveEncoderStream(new Uint8Array([byte]));
    expect(decoder.decode(0, hex('0600 80 81 82 83')).kind).toBe('fields');
    expect(decoder.instructionCount).toBe(6);
  });

  it('may empty the table and use it again', () => {
    const decoder = decoderWithThreeEntries();
    decoder.receiveEncoderStream(hex(`20 3fbd01${INSERT_B3}`));
    expect(decoder.decode(0, hex('0500 80'))).toEqual(fields('custom-key', 'custom-value'));
    expect(codeOf(() => decoder.decode(0, hex('0400 80')))).toBe(QPACK_DECOMPRESSION_FAILED);
  });

  it('may refer to the name of an entry that goes for the new one', () => {
    const decoder = decoderOf();
    // Capacity 40: ab=cd, then the same name with ef.
    decoder.receiveEncoderStream(hex('3f09 42 6162 02 6364 80 02 6566'));
    expect(decoder.decode(0, hex('0300 80'))).toEqual(fields('ab', 'ef'));
  });

  it('may fill the table to the last byte with one entry', () => {
    const decoder = decoderOf();
    decoder.receiveEncoderStream(Buffer.concat([hex('3fbd01 41 61 7f3c'), Buffer.alloc(187, 0x62)]));
    expect(decoder.decode(0, hex('0200 80'))).toEqual(fields('a', 'b'.repeat(187)));
  });

  it.each([
    ['a capacity over the maximum', '3fbe01'],
    ['a capacity over 62 bits', '3fffffffffffffffffff01'],
    ['an entry before any capacity', 'c001 26'],
    ['an entry over the capacity', '3f01 41 61 01 26'],
    ['a value that no table could hold', `3fbd01 41 61 7f5e ${'62'.repeat(221)}`],
    ['a length that nothing could have', '3fbd01 41 61 7f ffffff7f'],
    ['static index 99', '3fbd01 ff24 01 26'],
    ['a name reference to nothing', '3fbd01 80 01 26'],
    ['a duplicate of nothing', '3fbd01 00'],
    ['malformed Huffman code in a name', '3fbd01 61 00 01 26'],
    ['malformed Huffman code in a value', '3fbd01 41 61 81 00'],
    ['an evicted entry duplicated', `${all} 04`],
    ['a name reference to an evicted entry', `${all} 84 01 26`],
  ])('is an error with %s, however it is cut', (_what, code) => {
    const bytes = hex(code);
    for (let at = 0; at <= bytes.length; at++) {
      const decoder = decoderOf();
      const receive = () => {
        decoder.receiveEncoderStream(bytes.subarray(0, at));
        decoder.receiveEncoderStream(bytes.subarray(at));
      };
      expect(codeOf(receive)).toBe(QPACK_ENCODER_STREAM_ERROR);
    }
  });

  it('takes a long entry byte by byte in a time that grows with its length alone', () => {
    const length = 200_000;
    const decoder = decoderOf(0, 3 * length, 3 * length);
    const start = new Writer();
    writeSetCapacity(start, 3 * length);
    // The name, Huffman-coded, and of the value no more than its length.
    start.string(0x40, 6, 'a'.repeat(length));
    start.integer(0, 7, length);
    decoder.receiveEncoderStream(start.take());
    for (let at = 0; at < length; at++) decoder.receiveEncoderStream(new Uint8Array([0x62]));
    expect(decoder.decode(0, hex('0200 80'))).toEqual(fields('a'.repeat(length), 'b'.repeat(length)));
  });

  it('of arbitrary bytes is taken or refused with QPACK_ENCODER_STREAM_ERROR', () => {
    fc.assert(
      fc.property(fc.array(fc.uint8Array({ maxLength: 60 }), { maxLength: 4 }), (chunks) => {
        const decoder = decoderWithThreeEntries();
        const code = codeOf(() => {
          for (const chunk of chunks) decoder.receiveEncoderStream(chunk);
        });
        expect([undefined, QPACK_ENCODER_STREAM_ERROR]).toContain(code);
      }),
      { numRuns: 1000 },
    );
  });
});
