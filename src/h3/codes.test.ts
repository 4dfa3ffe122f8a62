import { expect, it } from 'vitest';
import { Code, describe as describeCode, isKnownCode } from './codes.ts';

it('a code is described by its name and number', () => {
  expect(describeCode(Code.H3_MESSAGE_ERROR)).toBe('H3_MESSAGE_ERROR (0x10e)');
  expect(describeCode(0x200)).toBe('QPACK_DECOMPRESSION_FAILED (0x200)');
});

it('a code that nobody has named is described by its number', () => {
  expect(describeCode(0x1234)).toBe('0x1234');
  expect(isKnownCode(0x1234)).toBe(false);
});
