import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { QpackEncoder } from './encoder.ts';
import { QPACK_DECODER_STREAM_ERROR, QpackError, type QpackErrorCode } from './errors.ts';

const hex = (text: string) => Buffer.from(text.replaceAll(' ', ''), 'hex');

function encoderOf(): QpackEncoder {
  const encoder = new QpackEncoder({ maxTableCapacity: 4096, neverIndexed: [] });
  encoder.applyPeerSettings(4096, 100);
  return encoder;
}

function encode(encoder: QpackEncoder, streamId: number, ...fields: string[]): string {
  return Buffer.from(encoder.encode(streamId, fields)).toString('hex');
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

describe('decoder stream (RFC 9204 §4.4)', () => {
  // Stream 4 has one section outstanding, with one of two entries; stream 8 has none.
  const receiver = () => {
    const encoder = encoderOf();
    encode(encoder, 4, 'user-agent', '&', 'server', '&');
    encode(encoder, 8, ':method', 'GET');
    return encoder;
  };

  it.each([
    ['an acknowledgment', '84'],
    ['an increment to all inserts', '02'],
    ['increments one by one, then the acknowledgment', '01 01 84'],
    ['a cancellation of the stream', '44'],
    ['a cancellation of a stream without sections', '48'],
    ['a cancellation of a stream that never was', '7fffff7f'],
    ['an acknowledgment, then a cancellation', '84 44'],
  ])('may bring %s, however it is cut', (_what, code) => {
    const bytes = hex(code);
    for (let at = 0; at <= bytes.length; at++) {
      const encoder = receiver();
      encoder.receiveDecoderStream(bytes.subarray(0, at));
      encoder.receiveDecoderStream(bytes.subarray(at));
    }
  });

  it('is counted in instructions, a cut one when it is complete', () => {
    const encoder = receiver();
    const counts = ['01', '84 7f', 'ff', 'ff7f'].map((bytes) => {
      encoder.receiveDecoderStream(hex(bytes));
      return encoder.instructionCount;
    });
    expect(counts).toEqual([1, 2, 2, 3]);
  });

  it.each([
    ['an increment of 0', '00'],
    ['an increment beyond what was sent', '03'],
    ['an increment beyond what was sent, after an acknowledgment', '84 01'],
    ['a second acknowledgment', '84 84'],
    ['an acknowledgment of a section without references', '88'],
    ['an acknowledgment of a stream that never was', '8c'],
    ['an acknowledgment after a cancellation', '44 84'],
    ['a stream id over 62 bits', 'ffffffffffffffffffff01'],
  ])('is an error with %s, however it is cut', (_what, code) => {
    const bytes = hex(code);
    for (let at = 0; at <= bytes.length; at++) {
      const encoder = receiver();
      const receive = () => {
        encoder.receiveDecoderStream(bytes.subarray(0, at));
        encoder.receiveDecoderStream(bytes.subarray(at));
      };
      expect(codeOf(receive)).toBe(QPACK_DECODER_STREAM_ERROR);
    }
  });

  it('of arbitrary bytes is taken or refused with QPACK_DECODER_STREAM_ERROR', () => {
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 40 }), (bytes) => {
        const encoder = receiver();
        expect([undefined, QPACK_DECODER_STREAM_ERROR]).toContain(
          codeOf(() => encoder.receiveDecoderStream(bytes)),
        );
      }),
    );
  });

  it('that acknowledges no section makes the encoder remember a bounded number', () => {
    const encoder = encoderOf();
    encode(encoder, 0, 'user-agent', '&');
    encoder.receiveDecoderStream(hex('01'));
    const sections = Array.from({ length: 5000 }, (_, at) => encode(encoder, 4 * at, 'user-agent', '&'));
    expect(sections.filter((section) => section === '020080')).toHaveLength(4095);
    expect(sections.at(-1)).toBe('0000' + '5f50' + '0126');
  });
});
