import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QpackDecoder } from './decoder.ts';
import { QpackEncoder } from './encoder.ts';
import {
  QPACK_DECODER_STREAM_ERROR,
  QPACK_DECOMPRESSION_FAILED,
  QPACK_ENCODER_STREAM_ERROR,
  QpackError,
  type QpackErrorCode,
} from './errors.ts';
import { STATIC_NAMES, STATIC_VALUES } from './static-table.ts';

const STREAM = 4;
const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');
const decoder = (maxFieldSectionSize = 100_000) =>
  new QpackDecoder({ maxTableCapacity: 0, blockedStreams: 0, maxFieldSectionSize });
const decode = (code: string) => decoder().decode(STREAM, hex(code));
const encode = (...fields: string[]) =>
  Buffer.from(new QpackEncoder().encode(STREAM, fields)).toString('hex');

function codeOf(action: () => unknown): QpackErrorCode | undefined {
  try {
    action();
    return undefined;
  } catch (error) {
    if (error instanceof QpackError) return error.code;
    throw error;
  }
}

const latin1 = (maxLength: number) =>
  fc.uint8Array({ maxLength }).map((bytes) => Buffer.from(bytes).toString('latin1'));
const staticLine = fc
  .nat(STATIC_NAMES.length - 1)
  .map((index) => [STATIC_NAMES[index] as string, STATIC_VALUES[index] as string]);
const line = fc.oneof(
  fc.tuple(latin1(40), latin1(300)),
  fc.tuple(fc.constantFrom(...STATIC_NAMES), latin1(100)),
  staticLine,
);
const fieldLines = fc.array(line, { maxLength: 30 }).map((lines) => lines.flat());

describe('encoding a field section', () => {
  it('gives the bytes of RFC 9204 appendix B.1, but for the Huffman code', () => {
    expect(encode(':path', '/index.html')).toBe('00005188' + '60d5485f2bce9a68');
  });

  it('refers to an entry of the static table by its index', () => {
    expect(encode(':method', 'GET')).toBe('0000d1');
    expect(encode('x-frame-options', 'sameorigin')).toBe('0000ff23');
  });

  it('refers to the name alone when the value differs', () => {
    expect(encode('age', '&')).toBe('000052' + '0126');
  });

  it('writes a name that the static table lacks', () => {
    expect(encode('&', '&')).toBe('00002126' + '0126');
  });

  it.each([
    ['authorization', '00007f45' + '0126'],
    ['cookie', '000075' + '0126'],
    ['set-cookie', '00007e' + '0126'],
  ])('marks %s as never indexed', (name, code) => {
    expect(encode(name, '&')).toBe(code);
  });

  it('marks proxy-authorization, which has no static name, as never indexed', () => {
    expect(hex(encode('proxy-authorization', '&'))[2]).toBe(0x30 | 0x08 | 0x07);
  });

  it('refuses a character that is no byte, and encodes the next section as if nothing had been', () => {
    const encoder = new QpackEncoder();
    expect(() => encoder.encode(STREAM, ['a', '\u010a'])).toThrow(RangeError);
    expect(encoder.encode(STREAM, [':method', 'GET'])).toEqual(new Uint8Array(hex('0000d1')));
  });
});

describe('decoding a field section', () => {
  it.each([
    [
      'the section of RFC 9204 appendix B.1',
      '0000 510b 2f69 6e64 6578 2e68 746d 6c',
      [':path', '/index.html'],
    ],
    ['nothing but a prefix', '0000', []],
    ['a Delta Base without meaning', '007f 05 d1', [':method', 'GET']],
    ['an indexed line, one byte', '0000 d1', [':method', 'GET']],
    ['an indexed line, the last', '0000 ff23', ['x-frame-options', 'sameorigin']],
    ['a name reference', '0000 5101 26', [':path', '&']],
    ['a name reference, N set', '0000 7101 26', [':path', '&']],
    ['a name reference over the prefix', '0000 5f45 01 26', ['authorization', '&']],
    ['a Huffman-coded value', '0000 5188 60d5 485f 2bce 9a68', [':path', '/index.html']],
    ['a literal name', '0000 2161 0126', ['a', '&']],
    ['a literal name, N set', '0000 3161 0126', ['a', '&']],
    ['a Huffman-coded literal name', '0000 291f 0126', ['a', '&']],
    ['a Huffman-coded literal name, N set', '0000 391f 0126', ['a', '&']],
    ['an empty name and value', '0000 2000', ['', '']],
    ['an empty Huffman-coded value', '0000 5180', [':path', '']],
  ])('takes %s', (_what, code, fields) => {
    expect(decode(code)).toEqual({ kind: 'fields', fields });
  });

  it.each([
    ['no byte', ''],
    ['a prefix cut off', '00'],
    ['a Required Insert Count', '0100'],
    ['a Required Insert Count over 62 bits', 'ff ff ff ff ff ff ff ff ff 7f 00'],
    ['a negative Base', '0080'],
    ['an indexed line in the dynamic table', '0000 80'],
    ['an indexed line with post-Base index', '0000 10'],
    ['a name reference to the dynamic table', '0000 4001 26'],
    ['a post-Base name reference', '0000 0001 26'],
    ['static index 99', '0000 ff24'],
    ['static name index 99', '0000 5f54 0126'],
    ['an index of 62 bits', '0000 ff c1 ff ff ff ff ff ff ff 3f'],
    ['an index cut off', '0000 ff'],
    ['a name reference without value', '0000 51'],
    ['a value past the end', '0000 5102 26'],
    ['a value of 2^61 bytes', '0000 51 7f 81 ff ff ff ff ff ff ff 1f'],
    ['a literal name past the end', '0000 2261'],
    ['a literal name without value', '0000 2161'],
    ['Huffman padding over seven bits', '0000 5182 f8ff'],
    ['Huffman padding not of ones', '0000 5181 00'],
    ['EOS in a Huffman code', '0000 5184 ffff ffff'],
  ])('refuses %s', (_what, code) => {
    expect(codeOf(() => decode(code))).toBe(QPACK_DECOMPRESSION_FAILED);
  });

  it('refuses every beginning of a section that ends inside a line', () => {
    const section = new QpackEncoder().encode(STREAM, ['custom-key', 'custom-value']);
    for (let length = 0; length < section.length; length++) {
      if (length === 2) continue;
      expect(codeOf(() => decoder().decode(STREAM, section.subarray(0, length)))).toBe(
        QPACK_DECOMPRESSION_FAILED,
      );
    }
  });

  it('leaves nothing behind of a section that it refused', () => {
    const decoding = decoder();
    expect(codeOf(() => decoding.decode(STREAM, hex('0000 d1 ff24')))).toBe(QPACK_DECOMPRESSION_FAILED);
    expect(decoding.decode(STREAM, hex('0000 d1'))).toEqual({ kind: 'fields', fields: [':method', 'GET'] });
  });
});

describe('size of a field section (RFC 9114 §4.2.2)', () => {
  const fields = [':method', 'GET', 'a', 'b'.repeat(50), 'c'.repeat(20), '\xff'.repeat(9)];
  const size = fields.join('').length + 3 * 32;
  const section = new QpackEncoder().encode(STREAM, fields);

  it('may be just the maximum', () => {
    expect(decoder(size).decode(STREAM, section)).toEqual({ kind: 'fields', fields });
  });

  it('may not be one byte more, whichever line exceeds it', () => {
    for (let maximum = 0; maximum < size; maximum++) {
      expect(decoder(maximum).decode(STREAM, section)).toEqual({ kind: 'too-large' });
    }
  });

  it('counts lines of one byte on the wire', () => {
    const bomb = Buffer.concat([hex('0000'), Buffer.alloc(1_000_000, 0xff - 0x20)]);
    expect(decoder(32_768).decode(STREAM, bomb)).toEqual({ kind: 'too-large' });
  });
});

describe('any field section', () => {
  it('comes back as it was encoded', () => {
    const encoder = new QpackEncoder();
    const decoding = decoder();
    fc.assert(
      fc.property(fieldLines, (fields) => {
        expect(decoding.decode(STREAM, encoder.encode(STREAM, fields))).toEqual({ kind: 'fields', fields });
      }),
    );
  });

  it('of arbitrary bytes is decoded or refused with QPACK_DECOMPRESSION_FAILED', () => {
    const decoding = decoder(2000);
    const afterPrefix = fc.uint8Array({ maxLength: 200 }).map((bytes) => Buffer.concat([hex('0000'), bytes]));
    fc.assert(
      fc.property(fc.oneof(fc.uint8Array({ maxLength: 50 }), afterPrefix), (bytes) => {
        expect([undefined, QPACK_DECOMPRESSION_FAILED]).toContain(
          codeOf(() => decoding.decode(STREAM, bytes)),
        );
      }),
      { numRuns: 2000 },
    );
  });
});

/** Feeds `code` in two chunks, split at every position, each time to a new receiver. */
function splitEverywhere(
  code: string,
  receiver: () => (chunk: Uint8Array) => unknown,
): (number | undefined)[] {
  const bytes = hex(code);
  return Array.from({ length: bytes.length + 1 }, (_, at) => {
    const receive = receiver();
    return codeOf(() => {
      receive(bytes.subarray(0, at));
      receive(bytes.subarray(at));
    });
  });
}

describe('encoder stream without table capacity (RFC 9204 §4.3)', () => {
  const receiver = () => {
    const decoding = decoder();
    return (chunk: Uint8Array) => decoding.receiveEncoderStream(chunk);
  };

  it.each([
    ['Set Dynamic Table Capacity 0', '20 20'],
    ['an instruction that has not ended', '3f'],
  ])('takes %s', (_what, code) => {
    expect(new Set(splitEverywhere(code, receiver))).toEqual(new Set([undefined]));
  });

  it.each([
    ['Set Dynamic Table Capacity 1', '20 21'],
    ['Set Dynamic Table Capacity 220', '20 3f bd 01'],
    ['a capacity over 62 bits', '3f ff ff ff ff ff ff ff ff ff 01'],
    ['Insert with Name Reference, static', 'c1 01 26'],
    ['Insert with Name Reference, dynamic', '80 01 26'],
    ['Insert with Literal Name', '41 61 01 26'],
    ['Duplicate', '00'],
  ])('refuses %s', (_what, code) => {
    expect(new Set(splitEverywhere(code, receiver))).toEqual(new Set([QPACK_ENCODER_STREAM_ERROR]));
  });

  it('keeps no hold on the memory of a chunk', () => {
    const receive = receiver();
    const memory = hex('3f e1');
    receive(memory);
    // The capacity read from the overwritten bytes would be 0.
    memory.fill(0x20);
    expect(codeOf(() => receive(hex('00')))).toBe(QPACK_ENCODER_STREAM_ERROR);
  });

  it('unblocks no stream', () => {
    expect(decoder().receiveEncoderStream(hex('20'))).toEqual([]);
  });
});

describe('decoder stream without dynamic references (RFC 9204 §4.4)', () => {
  const receiver = () => {
    const encoder = new QpackEncoder();
    return (chunk: Uint8Array) => encoder.receiveDecoderStream(chunk);
  };

  it.each([
    ['Stream Cancellation', '48'],
    ['Stream Cancellation of a long id', '7f ff ff 7f 44'],
  ])('takes %s', (_what, code) => {
    expect(new Set(splitEverywhere(code, receiver))).toEqual(new Set([undefined]));
  });

  it.each([
    ['Section Acknowledgment', '48 84'],
    ['Insert Count Increment 0', '00'],
    ['Insert Count Increment 1', '48 01'],
    ['a stream id over 62 bits', '7f ff ff ff ff ff ff ff ff ff 01'],
  ])('refuses %s', (_what, code) => {
    expect(new Set(splitEverywhere(code, receiver))).toEqual(new Set([QPACK_DECODER_STREAM_ERROR]));
  });
});

describe('without dynamic table', () => {
  it('neither end has anything to say on its stream', () => {
    const encoder = new QpackEncoder();
    encoder.applyPeerSettings(16_384, 100);
    encoder.encode(STREAM, ['custom-key', 'custom-value']);
    expect(encoder.takeEncoderStreamBytes()).toBeUndefined();
    const decoding = decoder();
    decoding.cancelStream(STREAM);
    expect(decoding.takeDecoderStreamBytes()).toBeUndefined();
  });
});
