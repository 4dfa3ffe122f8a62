import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { WebSocketDirection } from './websocket-farewell.ts';
import { FrameTracker, goingAway } from './websocket-frames.ts';

/** A frame as RFC 6455 §5.2 draws it. */
function frame(opcode: number, length: number, masked: boolean): Buffer {
  const mask = masked ? 0x80 : 0;
  const head =
    length < 126
      ? Buffer.of(0x80 | opcode, mask | length)
      : length < 65_536
        ? Buffer.of(0x80 | opcode, mask | 126, length >> 8, length & 255)
        : Buffer.of(
            0x80 | opcode,
            mask | 127,
            0,
            0,
            0,
            0,
            0,
            length >> 16,
            (length >> 8) & 255,
            length & 255,
          );
  return Buffer.concat([head, Buffer.alloc(masked ? 4 : 0, 0x88), Buffer.alloc(length, 0x88)]);
}

const anyLength = fc.oneof(fc.integer({ min: 0, max: 300 }), fc.constantFrom(125, 126, 65_535, 65_536));
const anyFrame = fc
  .tuple(fc.constantFrom(0, 1, 2, 9, 10), anyLength, fc.boolean())
  .map(([opcode, length, masked]) => frame(opcode, length, masked));

/** Frames, and their bytes cut into chunks anywhere. */
const anyStream = fc
  .tuple(fc.array(anyFrame, { minLength: 1, maxLength: 8 }), fc.array(fc.nat(), { maxLength: 12 }))
  .map(([frames, cuts]) => {
    const bytes = Buffer.concat(frames);
    const places = [0, ...cuts.map((cut) => cut % bytes.length).sort((a, b) => a - b), bytes.length];
    const chunks = places.slice(1).map((place, at) => bytes.subarray(places[at], place));
    let end = 0;
    const ends = [0, ...frames.map(({ length }) => (end += length))];
    return { bytes, chunks, ends };
  });

describe('frames that pass', () => {
  it('are known to end where they end, however they are cut', () => {
    fc.assert(
      fc.property(anyStream, ({ chunks, ends }) => {
        const tracker = new FrameTracker();
        let passed = 0;
        for (const chunk of chunks) {
          tracker.pass(chunk);
          passed += chunk.length;
          expect(tracker.isBetween).toBe(ends.includes(passed));
        }
        expect(tracker.sawClose).toBe(false);
      }),
    );
  });

  it.each([true, false])('show a Close frame once it is whole (masked: %s)', (masked) => {
    const tracker = new FrameTracker();
    const close = frame(8, 2, masked);
    tracker.pass(Buffer.concat([frame(1, 200, masked), close.subarray(0, -1)]));
    expect(tracker.sawClose).toBe(false);
    tracker.pass(close.subarray(-1));
    expect(tracker.sawClose).toBe(true);
  });
});

describe('a direction that ends', () => {
  it('gets a Close frame behind the frame under way, and nothing then', () => {
    fc.assert(
      fc.property(anyStream, fc.nat(), ({ bytes, chunks, ends }, when) => {
        const direction = new WebSocketDirection(false);
        const out: Uint8Array[] = [];
        let passed = 0;
        let endsAt = bytes.length;
        for (const [index, chunk] of chunks.entries()) {
          if (index === when % chunks.length) {
            endsAt = ends.find((end) => end >= passed) ?? endsAt;
            out.push(direction.end());
          }
          out.push(direction.pass(chunk));
          passed += chunk.length;
        }
        expect(direction.hasEnded).toBe(true);
        const expected = Buffer.concat([bytes.subarray(0, endsAt), goingAway(false)]);
        expect(Buffer.concat(out).equals(expected)).toBe(true);
      }),
    );
  });

  it('gets none when its sender has closed already', () => {
    const direction = new WebSocketDirection(true);
    direction.pass(frame(8, 0, true));
    expect(direction.end()).toHaveLength(0);
    expect(direction.hasEnded).toBe(true);
  });

  it('gets none when the frame under way is one', () => {
    const direction = new WebSocketDirection(true);
    const close = frame(8, 10, true);
    direction.pass(close.subarray(0, 3));
    expect(direction.end()).toHaveLength(0);
    expect(direction.pass(close.subarray(3))).toEqual(close.subarray(3));
    expect(direction.hasEnded).toBe(true);
  });

  it('still sees its sender answer', () => {
    const direction = new WebSocketDirection(false);
    expect(direction.end()).toEqual(goingAway(false));
    expect(direction.pass(Buffer.concat([frame(1, 5, false), frame(8, 2, false)]))).toHaveLength(0);
    expect(direction.sawClose).toBe(true);
  });
});

describe('our Close frame', () => {
  it('says 1001, and is masked where a client sends it', () => {
    const plain = goingAway(false);
    expect([...plain.subarray(0, 4)]).toEqual([0x88, plain.length - 2, 1001 >> 8, 1001 & 255]);
    const masked = goingAway(true);
    expect([...masked.subarray(0, 2)]).toEqual([0x88, 0x80 | (plain.length - 2)]);
    const payload = masked.subarray(6).map((byte, at) => byte ^ (masked[2 + (at % 4)] ?? 0));
    expect(Buffer.from(payload)).toEqual(plain.subarray(2));
  });
});
