import { expect, it } from 'vitest';
import { ownText } from './own-text.ts';

it('is the same text, every byte of it', () => {
  const all = Array.from({ length: 256 }, (_, byte) => String.fromCharCode(byte)).join('');
  expect([ownText(all), ownText('')]).toEqual([all, '']);
});
