import { describe, expect, it } from 'vitest';
import { parseRequestHead } from './request-head.ts';
import { parseResponseHead } from './response-head.ts';

const fields = (...lines: string[]) => parseRequestHead(['GET / HTTP/1.1', ...lines].join('\r\n')).rawHeaders;

let heads = 0;

/** Reads a head with these lines, and another one behind them: a head that is equal to one before is not read. */
function readFirst(...lines: string[]): readonly string[] {
  return fields(...lines, `X-Number: ${++heads}`).slice(0, -2);
}

const statusOfFirst = (line: string) => parseResponseHead(`${line}\r\nX-Number: ${++heads}`).status;

describe('a head after another one', () => {
  it.each([
    ['the same lines', ['Host: b', 'X-A: 1', 'X-B: 2'], ['Host', 'b', 'X-A', '1', 'X-B', '2']],
    ['another value', ['Host: b', 'X-A: 2', 'X-B: 2'], ['Host', 'b', 'X-A', '2', 'X-B', '2']],
    ['a longer value', ['Host: b', 'X-A: 11', 'X-B: 2'], ['Host', 'b', 'X-A', '11', 'X-B', '2']],
    ['a shorter value', ['Host: b', 'X-A:', 'X-B: 2'], ['Host', 'b', 'X-A', '', 'X-B', '2']],
    ['another name', ['Host: b', 'X-C: 1', 'X-B: 2'], ['Host', 'b', 'X-C', '1', 'X-B', '2']],
    ['a name in another case', ['Host: b', 'x-a: 1'], ['Host', 'b', 'x-a', '1']],
    ['another order', ['X-B: 2', 'X-A: 1', 'Host: b'], ['X-B', '2', 'X-A', '1', 'Host', 'b']],
    ['fewer lines', ['Host: b', 'X-A: 1'], ['Host', 'b', 'X-A', '1']],
    [
      'more lines',
      ['Host: b', 'X-A: 1', 'X-B: 2', 'X-B: 2'],
      ['Host', 'b', 'X-A', '1', 'X-B', '2', 'X-B', '2'],
    ],
    ['no lines', [], []],
  ])('is read as it is: %s', (_, lines, read) => {
    for (let time = 0; time < 2; time++) {
      expect(readFirst('Host: b', 'X-A: 1', 'X-B: 2')).toEqual(['Host', 'b', 'X-A', '1', 'X-B', '2']);
      expect(fields(...lines)).toEqual(read);
    }
  });

  it.each([
    ['a line that ends with LF alone', 'X-A: 1\nX-B: 2'],
    ['a line that ends with CR alone', 'X-A: 1\rX-B: 2'],
    ['a control character behind a value', 'X-A: 1\x01'],
    ['a folded line', ' X-A: 1'],
    ['a line without a name', ': 1'],
    ['a line without a colon', 'X-A'],
  ])('is refused for %s, however often', (_, line) => {
    for (let time = 0; time < 2; time++) {
      expect(readFirst('Host: b', 'X-A: 1')).toEqual(['Host', 'b', 'X-A', '1']);
      expect(() => fields('Host: b', line)).toThrow('malformed request');
    }
  });

  it('has more lines, and longer ones, than are kept', () => {
    const lines = Array.from({ length: 100 }, (_, line) => `X-${line}: ${'v'.repeat(line * 3)}`);
    const read = lines.flatMap((line) => line.split(': '));
    for (let time = 0; time < 3; time++) expect(readFirst(...lines)).toEqual(read);
  });
});

describe("a response's first line after another one", () => {
  it.each([
    ['HTTP/1.1 200 OK', 200, '1.1'],
    ['HTTP/1.1 200', 200, '1.1'],
    ['HTTP/1.0 200 OK', 200, '1.0'],
    ['HTTP/1.1 404 OK', 404, '1.1'],
    ['HTTP/1.1 200 OKAY', 200, '1.1'],
  ])('is read as it is: %s', (line, status, httpVersion) => {
    for (const [text, rawHeaders] of [
      [line, []],
      [`${line}\r\nA: b`, ['A', 'b']],
    ] as const) {
      expect(statusOfFirst('HTTP/1.1 200 OK')).toBe(200);
      expect(parseResponseHead(text)).toEqual({ status, httpVersion, rawHeaders });
    }
  });

  it.each(['HTTP/1.1 200 OK\nA: b', 'HTTP/1.1 200 OK\r', 'HTTP/1.1 200 \x01', 'HTTP/1.1 20', ''])(
    'is refused: %j',
    (text) => {
      expect(statusOfFirst('HTTP/1.1 200 OK')).toBe(200);
      expect(() => parseResponseHead(text)).toThrow('malformed');
      expect(statusOfFirst('HTTP/1.1 200 OK')).toBe(200);
    },
  );
});
