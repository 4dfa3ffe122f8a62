import { expect, it } from 'vitest';
import { byteLength, copyPieces, type Pieces } from './pieces.ts';

it.each<[Pieces, string]>([
  [['h\xe9ad ', Buffer.from('content'), ''], 'h\xe9ad content'],
  [[new Uint8Array([0x80, 0xff]), 'behind'], '\x80\xffbehind'],
  [[''], ''],
  [[], ''],
])('pieces %j are copied to their place, and nowhere else', (pieces, text) => {
  const target = Buffer.alloc(20, '.');
  const length = byteLength(pieces);
  expect(copyPieces(pieces, target, 3)).toBe(3 + length);
  expect(target.toString('latin1')).toBe(`...${text}`.padEnd(20, '.'));
});
