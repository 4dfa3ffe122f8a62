import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { FrameParser } from './frame-parser.ts';
import { encodeFrame, FrameType } from './frames.ts';

const RESERVED = 0x21;

/** Feeds chunks and writes down the steps; neighbouring pieces of DATA are joined. */
function steps(parser: FrameParser, chunks: readonly Uint8Array[]): string[] {
  const found: string[] = [];
  for (const chunk of chunks) {
    parser.feed(chunk);
    for (let step = parser.next(); step !== 'more'; step = parser.next()) {
      const payload = Buffer.from(parser.payload).toString('latin1');
      if (step === 'start' || step === 'oversized') found.push(`${step} ${parser.type} ${parser.length}`);
      else if (step === 'piece' && found.at(-1)?.startsWith('piece')) found.push(`${found.pop()}${payload}`);
      else found.push(`${step} ${payload}`);
    }
  }
  return found;
}

const bytesOf = (bytes: Uint8Array): Uint8Array[] => [...bytes].map((byte) => Uint8Array.of(byte));

const frame = (type: number, payload: string) => encodeFrame(type, Buffer.from(payload));

describe('frame parser', () => {
  const sequence = Buffer.concat([
    frame(FrameType.HEADERS, 'head'),
    frame(FrameType.DATA, 'content'),
    frame(RESERVED, 'ignored'),
    frame(FrameType.DATA, ''),
    frame(FrameType.SETTINGS, ''),
    frame(FrameType.DATA, 'x'.repeat(100)),
  ]);
  const expected = [
    'start 1 4',
    'frame head',
    'start 0 7',
    'piece content',
    `start ${RESERVED} 7`,
    'start 0 0',
    'start 4 0',
    'frame ',
    'start 0 100',
    `piece ${'x'.repeat(100)}`,
  ];

  it('finds the same frames in one chunk and byte by byte', () => {
    expect(steps(new FrameParser(64), [sequence])).toEqual(expected);
    expect(steps(new FrameParser(64), bytesOf(sequence))).toEqual(expected);
  });

  it('finds the same frames wherever the bytes are cut', () => {
    for (let cut = 0; cut <= sequence.length; cut++) {
      expect(steps(new FrameParser(64), [sequence.subarray(0, cut), sequence.subarray(cut)])).toEqual(
        expected,
      );
    }
  });

  it('passes DATA on without copying it', () => {
    const parser = new FrameParser(64);
    const chunk = frame(FrameType.DATA, 'content');
    parser.feed(chunk);
    parser.next();
    expect(parser.next()).toBe('piece');
    expect(parser.payload.buffer).toBe(chunk.buffer);
  });

  it('skips the payload of a known frame over the bound, and finds what follows it', () => {
    const input = Buffer.concat([frame(FrameType.HEADERS, 'x'.repeat(65)), frame(FrameType.DATA, 'y')]);
    const expectedSteps = ['oversized 1 65', 'start 0 1', 'piece y'];
    expect(steps(new FrameParser(64), [input])).toEqual(expectedSteps);
    expect(steps(new FrameParser(64), bytesOf(input))).toEqual(expectedSteps);
  });

  it('takes a payload of exactly the bound', () => {
    expect(steps(new FrameParser(64), bytesOf(frame(FrameType.HEADERS, 'x'.repeat(64))))).toEqual([
      'start 1 64',
      `frame ${'x'.repeat(64)}`,
    ]);
  });

  it('keeps gathered payloads of consecutive frames apart', () => {
    const input = Buffer.concat([frame(FrameType.HEADERS, 'first'), frame(FrameType.HEADERS, 'xy')]);
    expect(steps(new FrameParser(64), bytesOf(input))).toEqual([
      'start 1 5',
      'frame first',
      'start 1 2',
      'frame xy',
    ]);
  });

  it('is between frames only where no frame is begun', () => {
    const input = frame(FrameType.HEADERS, 'ab');
    const parser = new FrameParser(64);
    const between = bytesOf(input).map((byte) => {
      steps(parser, [byte]);
      return parser.betweenFrames;
    });
    expect(between).toEqual([false, false, false, true]);
  });

  it('takes types and lengths of every size', () => {
    // Type 1 in eight bytes, length 2 in four.
    const input = Buffer.from([0xc0, 0, 0, 0, 0, 0, 0, 1, 0x80, 0, 0, 2, 0x61, 0x62]);
    expect(steps(new FrameParser(64), bytesOf(input))).toEqual(['start 1 2', 'frame ab']);
  });

  it('survives the largest length that can be written', () => {
    const input = Buffer.concat([Buffer.of(RESERVED), Buffer.alloc(8, 0xff), Buffer.alloc(1000)]);
    const parser = new FrameParser(64);
    expect(steps(parser, [input])).toEqual([`start ${RESERVED} ${2 ** 62}`]);
    expect(parser.betweenFrames).toBe(false);
  });

  it('finds in any bytes, however cut, what it finds in them whole', () => {
    fc.assert(
      fc.property(
        fc.uint8Array({ maxLength: 200 }),
        fc.array(fc.nat(200), { maxLength: 5 }),
        (bytes, cuts) => {
          const at = [
            0,
            ...cuts.map((cut) => Math.min(cut, bytes.length)).sort((a, b) => a - b),
            bytes.length,
          ];
          const chunks = at.slice(1).map((end, index) => bytes.subarray(at[index], end));
          expect(steps(new FrameParser(64), chunks)).toEqual(steps(new FrameParser(64), [bytes]));
        },
      ),
    );
  });
});
