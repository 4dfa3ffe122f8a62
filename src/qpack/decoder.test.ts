import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QpackDecoder } from './decoder.ts';
import { QPACK_DECOMPRESSION_FAILED, QpackError, type QpackErrorCode } from './errors.ts';

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

function told(decoder: QpackDecoder): string {
  return Buffer.from(decoder.takeDecoderStreamBytes() ?? []).toString('hex');
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

describe('decoder, by the examples of RFC 9204 appendix B', () => {
  it('B.2: decodes what the encoder stream brought, and acknowledges the section alone', () => {
    const decoder = decoderOf();
    expect(decoder.receiveEncoderStream(hex(INSERTS_B2))).toEqual([]);
    expect(decoder.decode(4, hex('0381 10 11'))).toEqual(
      fields(':authority', 'www.example.com', ':path', '/sample/path'),
    );
    expect(told(decoder)).toBe('84');
  });

  it('B.3: tells of an insert that no section needed', () => {
    const decoder = decoderOf();
    decoder.receiveEncoderStream(hex(INSERTS_B2));
    expect(told(decoder)).toBe('02');
    decoder.receiveEncoderStream(hex(INSERT_B3));
    expect(told(decoder)).toBe('01');
    expect(told(decoder)).toBe('');
  });

  it('B.4: holds a section whose insert is late, and forgets it when the stream is cancelled', () => {
    const decoder = decoderWithThreeEntries();
    expect(decoder.decode(8, hex('0500 80 c1 81'))).toEqual({ kind: 'blocked' });
    decoder.cancelStream(8);
    expect(told(decoder)).toBe('48');
    expect(decoder.receiveEncoderStream(hex(DUPLICATE_B4))).toEqual([]);
    expect(told(decoder)).toBe('01');
  });

  it('B.4: decodes it once the duplicate has come', () => {
    const decoder = decoderWithThreeEntries();
    expect(decoder.decode(8, hex('0500 80 c1 81'))).toEqual({ kind: 'blocked' });
    expect(decoder.receiveEncoderStream(hex(DUPLICATE_B4))).toEqual([8]);
    expect(decoder.resume(8)).toEqual(
      fields(':authority', 'www.example.com', ':path', '/', 'custom-key', 'custom-value'),
    );
    expect(told(decoder)).toBe('88');
  });

  it('B.5: evicts the oldest entry for a new one', () => {
    const decoder = decoderWithThreeEntries();
    decoder.receiveEncoderStream(hex(DUPLICATE_B4 + INSERT_B5));
    // Base 5: relative 0 to 3 are the entries 4 to 1.
    expect(decoder.decode(12, hex('0600 80 81 82 83'))).toEqual(
      fields(
        ...['custom-key', 'custom-value2', ':authority', 'www.example.com'],
        ...['custom-key', 'custom-value', ':path', '/sample/path'],
      ),
    );
    expect(codeOf(() => decoder.decode(16, hex('0600 84')))).toBe(QPACK_DECOMPRESSION_FAILED);
  });
});

describe('references of a field section (RFC 9204 §4.5)', () => {
  it.each([
    ['an indexed line before Base', '0400 82', [':authority', 'www.example.com']],
    ['an indexed line from Base on', '0480 10', ['custom-key', 'custom-value']],
    ['a name before Base', '0400 42 01 26', [':authority', '&']],
    ['a name before Base, N set', '0400 62 01 26', [':authority', '&']],
    ['a name from Base on', '0482 01 01 26', [':path', '&']],
    ['a name from Base on, N set', '0482 09 01 26', [':path', '&']],
    ['a Base over the Required Insert Count', '0302 82', [':path', '/sample/path']],
    ['a Required Insert Count over what is needed', '0400 81', [':path', '/sample/path']],
  ])('may be %s', (_what, code, lines) => {
    expect(decoderWithThreeEntries().decode(0, hex(code))).toEqual(fields(...lines));
  });

  it.each([
    ['an entry at the Required Insert Count, from Base on', '0300 10'],
    ['an entry over the Required Insert Count, before Base', '0302 80'],
    ['an entry below the first', '0400 83'],
    ['a name at the Required Insert Count', '0300 00 01 26'],
    ['an entry without a Required Insert Count', '0003 80'],
  ])('may not be to %s', (_what, code) => {
    expect(codeOf(() => decoderWithThreeEntries().decode(0, hex(code)))).toBe(QPACK_DECOMPRESSION_FAILED);
  });

  it.each([
    ['a Base of −1', '0483 80'],
    ['a Required Insert Count over twice the entries', '0d00'],
    ['a Required Insert Count ahead of what the table can hold', '0b00'],
    ['a Required Insert Count of 0 in disguise', '0100'],
  ])('do not come with %s', (_what, code) => {
    // The table holds at most 6 entries.
    expect(codeOf(() => decoderWithThreeEntries().decode(0, hex(code)))).toBe(QPACK_DECOMPRESSION_FAILED);
  });
});

describe('blocked streams (RFC 9204 §2.1.2, §2.2.1)', () => {
  it('are as many as announced, and one more is an error', () => {
    const decoder = decoderWithThreeEntries(2);
    expect(decoder.decode(0, hex('0500 80'))).toEqual({ kind: 'blocked' });
    expect(decoder.decode(4, hex('0500 80'))).toEqual({ kind: 'blocked' });
    expect(codeOf(() => decoder.decode(8, hex('0500 80')))).toBe(QPACK_DECOMPRESSION_FAILED);
  });

  it('make place for others when they are unblocked or cancelled', () => {
    const decoder = decoderWithThreeEntries(1);
    for (const streamId of [0, 4]) {
      expect(decoder.decode(streamId, hex('0500 80'))).toEqual({ kind: 'blocked' });
      decoder.cancelStream(streamId);
    }
    decoder.decode(8, hex('0500 80'));
    expect(decoder.receiveEncoderStream(hex(DUPLICATE_B4))).toEqual([8]);
    expect(decoder.decode(12, hex('0600 80'))).toEqual({ kind: 'blocked' });
  });

  it('are unblocked one by one, as their own inserts come', () => {
    const decoder = decoderWithThreeEntries();
    decoder.decode(0, hex('0600 80'));
    decoder.decode(4, hex('0500 80'));
    expect(decoder.receiveEncoderStream(hex(DUPLICATE_B4))).toEqual([4]);
    expect(decoder.receiveEncoderStream(hex(INSERT_B5))).toEqual([0]);
    expect(decoder.resume(0)).toEqual(fields('custom-key', 'custom-value2'));
    expect(decoder.resume(4)).toEqual(fields(':authority', 'www.example.com'));
  });

  it('keep their section though the caller uses its memory again', () => {
    const decoder = decoderWithThreeEntries();
    const section = hex('0500 80');
    decoder.decode(0, section);
    section.fill(0);
    decoder.receiveEncoderStream(hex(DUPLICATE_B4));
    expect(decoder.resume(0)).toEqual(fields(':authority', 'www.example.com'));
  });

  it('have an error raised when they resume, if their section holds one', () => {
    const decoder = decoderWithThreeEntries();
    decoder.decode(0, hex('0500 84'));
    decoder.receiveEncoderStream(hex(DUPLICATE_B4));
    expect(codeOf(() => decoder.resume(0))).toBe(QPACK_DECOMPRESSION_FAILED);
  });

  it('cannot be resumed before they are unblocked, after they are cancelled, or twice', () => {
    const decoder = decoderWithThreeEntries();
    decoder.decode(0, hex('0500 80'));
    decoder.decode(4, hex('0500 80'));
    expect(() => decoder.resume(0)).toThrow(RangeError);
    decoder.receiveEncoderStream(hex(DUPLICATE_B4));
    decoder.cancelStream(4);
    expect(() => decoder.resume(4)).toThrow(RangeError);
    decoder.resume(0);
    expect(() => decoder.resume(0)).toThrow(RangeError);
  });

  it('hold a bounded number of bytes: beyond, a section is too large', () => {
    const decoder = decoderWithThreeEntries();
    const section = Buffer.concat([hex('0500'), Buffer.alloc(300_000, 0x80)]);
    expect([0, 4, 8, 12].map((id) => decoder.decode(id, section).kind)).toEqual([
      'blocked',
      'blocked',
      'blocked',
      'too-large',
    ]);
    decoder.cancelStream(0);
    expect(decoder.decode(16, section)).toEqual({ kind: 'blocked' });
  });
});

describe('a section over the size', () => {
  it('is acknowledged, as its references are not needed any more', () => {
    const decoder = decoderOf(0, 220, 90);
    decoder.receiveEncoderStream(hex(INSERTS_B2));
    expect(decoder.decode(4, hex('0300 81 80'))).toEqual({ kind: 'too-large' });
    expect(told(decoder)).toBe('84');
  });
});

describe('arbitrary bytes', () => {
  const bytes = fc.uint8Array({ maxLength: 60 });

  it('as a field section are decoded, blocked, or refused with QPACK_DECOMPRESSION_FAILED', () => {
    const prefix = fc.constantFrom('', '0000', '0200', '0300', '0400', '0482', '0402', '0500');
    fc.assert(
      fc.property(prefix, bytes, (start, rest) => {
        const decoder = decoderWithThreeEntries();
        const code = codeOf(() => {
          if (decoder.decode(0, Buffer.concat([hex(start), rest])).kind !== 'blocked') return;
          for (const id of decoder.receiveEncoderStream(hex(DUPLICATE_B4 + INSERT_B5))) decoder.resume(id);
        });
        expect([undefined, QPACK_DECOMPRESSION_FAILED]).toContain(code);
      }),
      { numRuns: 2000 },
    );
  });
});

describe('a section that comes again, byte by byte the same', () => {
  // user-agent, with one character: 43 bytes each.
  const insert = (value: string) => `ff20 01 ${Buffer.from(value).toString('hex')}`;
  const linesOf = (result: ReturnType<QpackDecoder['decode']>) =>
    result.kind === 'fields' ? result.fields : undefined;

  it('gives the same lines, and is acknowledged each time', () => {
    const decoder = decoderWithThreeEntries();
    const lines = linesOf(decoder.decode(4, hex('0381 10 11')));
    expect(lines).toEqual([':authority', 'www.example.com', ':path', '/sample/path']);
    expect(linesOf(decoder.decode(8, hex('0381 10 11')))).toBe(lines);
    expect(told(decoder)).toBe('8488');
  });

  it('gives lines of its own when one of them is a literal', () => {
    const decoder = decoderOf();
    const lines = linesOf(decoder.decode(4, hex('0000 52 01 61')));
    const again = linesOf(decoder.decode(8, hex('0000 52 01 61')));
    expect(again).toEqual(lines);
    expect(again).not.toBe(lines);
  });

  it('means something else when the insert count has gone round once (RFC 9204 §4.5.1.1)', () => {
    const decoder = decoderOf(100, 64);
    decoder.receiveEncoderStream(hex(`3f21 ${insert('a')}`));
    expect(decoder.decode(4, hex('0200 80'))).toEqual(fields('user-agent', 'a'));
    for (const value of 'bcde') decoder.receiveEncoderStream(hex(insert(value)));
    expect(decoder.decode(8, hex('0200 80'))).toEqual(fields('user-agent', 'e'));
    expect(decoder.decode(12, hex('0200 80'))).toEqual(fields('user-agent', 'e'));
  });

  it('is refused once an entry is gone that it refers to', () => {
    const decoder = decoderOf(100, 100);
    decoder.receiveEncoderStream(hex(`3f45 ${insert('a')} ${insert('b')}`));
    expect(decoder.decode(4, hex('0300 80 81'))).toEqual(fields('user-agent', 'b', 'user-agent', 'a'));
    decoder.receiveEncoderStream(hex(insert('c')));
    expect(codeOf(() => decoder.decode(8, hex('0300 80 81')))).toBe(QPACK_DECOMPRESSION_FAILED);
  });

  it('is refused once the capacity was lowered and raised again', () => {
    const decoder = decoderOf(100, 100);
    decoder.receiveEncoderStream(hex(`3f45 ${insert('a')}`));
    expect(decoder.decode(4, hex('0200 80'))).toEqual(fields('user-agent', 'a'));
    decoder.receiveEncoderStream(hex('20 3f45'));
    expect(codeOf(() => decoder.decode(8, hex('0200 80')))).toBe(QPACK_DECOMPRESSION_FAILED);
  });
});
