import { expect, it } from 'vitest';
import { fieldText } from './field-text.ts';

it('writes the lines in their order, the same name as often as it is there', () => {
  const fields = ['vary', 'accept', 'Vary', 'origin', 'vary', 'accept'];
  expect(fieldText(fields)).toBe('vary: accept\r\nVary: origin\r\nvary: accept\r\n');
});

it('writes what a field says now, and not what it said before', () => {
  expect(fieldText(['date', 'now'])).toBe('date: now\r\n');
  expect(fieldText(['date', 'later'])).toBe('date: later\r\n');
  expect(fieldText(['date', ''])).toBe('date: \r\n');
});

it.each([
  ['a line break in the value', 'name', 'value\r\nother: field'],
  ['a line break at its end', 'name', 'value\n'],
  ['a character that is none', 'name', 'va\0lue'],
  ['a colon in the name', 'na:me', 'value'],
  ['a line break in the name', 'other: field\r\nname', 'value'],
  ['no name', '', 'value'],
])('refuses %s, whatever was written before', (_, name, value) => {
  expect(fieldText(['name', 'value'])).toBe('name: value\r\n');
  expect(() => fieldText([name, value])).toThrow(TypeError);
  expect(fieldText(['name', 'value'])).toBe('name: value\r\n');
});

it('writes more names than it remembers, and longer values', () => {
  const long = 'v'.repeat(1000);
  for (let round = 0; round < 2; round++) {
    for (let index = 0; index < 200; index++) {
      expect(fieldText([`name-${index}`, long, 'other', `${round}`])).toBe(
        `name-${index}: ${long}\r\nother: ${round}\r\n`,
      );
    }
  }
});
