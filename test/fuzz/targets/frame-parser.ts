import { Cursor } from '../../../src/bytes/cursor.ts';
import { FrameParser } from '../../../src/h3/frame-parser.ts';
import { encodeFrame, FrameType, frameKind } from '../../../src/h3/frames.ts';
import { bytesOf, check, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';

const MOST_GATHERED = 64;

/** Frames of a stream: the same whether the bytes come at once, one by one or in two parts, and as the RFC has them. */
export const frameParser: Target = {
  name: 'frame-parser',
  maxLength: 160,
  seeds: [
    Buffer.concat([
      encodeFrame(FrameType.HEADERS, bytesOf('abc')),
      encodeFrame(FrameType.DATA, bytesOf('content')),
    ]),
    Buffer.concat([
      encodeFrame(0x21, bytesOf('reserved')),
      encodeFrame(FrameType.SETTINGS, new Uint8Array(64)),
    ]),
    encodeFrame(FrameType.GOAWAY, new Uint8Array(65)),
  ],
  dictionary: [0, 1, 3, 4, 5, 7, 13, 2, 0x21].map((type) => encodeFrame(type, bytesOf('xy'))),
  run(input, trace) {
    const wanted = reference(input, trace);
    check(parsed(input, input.length) === wanted, 'frames come out as RFC 9114 §7.1 has them');
    check(parsed(input, 1) === wanted, 'frames that arrive byte by byte are the same');
    const cut = 1 + ((input[0] ?? 0) % Math.max(1, input.length));
    check(parsed(input, cut) === wanted, 'frames that arrive in parts are the same');
  },
};

// What is told, as text; pieces of a DATA frame run together.
function parsed(input: Uint8Array, step: number): string {
  const parser = new FrameParser(MOST_GATHERED);
  let told = '';
  for (let at = 0; at < input.length; at += step) {
    parser.feed(input.subarray(at, at + step));
    for (;;) {
      const found = parser.next();
      if (found === 'more') break;
      if (found === 'start' || found === 'oversized') told += `\n${found} ${parser.type} ${parser.length} `;
      else told += Buffer.from(parser.payload).toString('latin1');
      if (found === 'frame')
        check(parser.payload.length <= MOST_GATHERED, 'no more is gathered than allowed');
      if (found === 'frame') told += ' complete';
    }
    check(!parser.hasInput, 'after "more" everything was used up');
  }
  return `${told}\n${parser.betweenFrames}`;
}

function reference(input: Uint8Array, trace: Trace): string {
  const cursor = new Cursor(input);
  let told = '';
  while (cursor.remaining > 0) {
    const type = cursor.varint();
    const length = type === undefined ? undefined : cursor.varint();
    if (type === undefined || length === undefined) return `${told}\nfalse`;
    const isData = type === FrameType.DATA;
    const isGathered = !isData && frameKind(type) === 'known';
    const oversized = isGathered && length > MOST_GATHERED;
    told += `\n${oversized ? 'oversized' : 'start'} ${type} ${length} `;
    const payload = cursor.take(Math.min(length, cursor.remaining)) ?? input;
    const whole = payload.length === length;
    trace.size(
      (isData ? 1 : 0) + (isGathered ? 2 : 0) + (oversized ? 4 : 0) + (whole ? 8 : 0),
      payload.length,
    );
    if (isData || (isGathered && !oversized && whole)) told += Buffer.from(payload).toString('latin1');
    if (isGathered && !oversized && whole) told += ' complete';
    if (!whole) return `${told}\nfalse`;
  }
  return `${told}\ntrue`;
}
