import { describe, expect, it } from 'vitest';
import { Rejection } from './failures.ts';
import type { ContentEnd } from './message-parser.ts';
import { ResponseParser } from './response-parser.ts';

const MAX_HEAD = 2048;
const OK = 'HTTP/1.1 200 OK\r\n';

/** What is told of a response that comes in pieces of `step` bytes. */
function read(bytes: string, end: ContentEnd = 'close', step = bytes.length) {
  const parser = new ResponseParser(MAX_HEAD);
  const interims: number[] = [];
  let head: unknown;
  let content = '';
  parser.begin({
    onInterimHead: ({ status }) => interims.push(status),
    onHead: ({ status, httpVersion, rawHeaders }) => {
      head = [status, httpVersion, ...rawHeaders];
      return end;
    },
    onContent: (piece) => {
      content += piece.toString('latin1');
    },
  });
  let used = 0;
  for (let at = 0; at < bytes.length && !parser.isComplete; at += step) {
    used += parser.feed(Buffer.from(bytes.slice(at, at + step), 'latin1'));
  }
  const isComplete = parser.isComplete || parser.end();
  return { interims, head, content, trailers: parser.takeTrailers(), rest: bytes.slice(used), isComplete };
}

/** Why a response is refused, whole and byte by byte. */
function refusal(bytes: string, end?: ContentEnd): string {
  const reasons = [bytes.length, 1].map((step) => {
    try {
      read(bytes, end, step);
      return 'taken';
    } catch (error) {
      if (!(error instanceof Rejection)) throw error;
      expect(error.status).toBe(502);
      return error.message;
    }
  });
  expect(reasons[1]).toBe(reasons[0]);
  return reasons[0] ?? '';
}

describe.each([
  ['whole', 1e9],
  ['byte by byte', 1],
  ['in pieces of seven', 7],
])('a response that comes %s', (_name, step) => {
  it('has its fields as they came, without the white space around values', () => {
    const { head } = read(`${OK}a-B: x\r\nA:\t y \xff z\t \r\nE:\r\na-B:x:\r\n\r\n`, 0, step);
    expect(head).toEqual([200, '1.1', 'a-B', 'x', 'A', 'y \xff z', 'E', '', 'a-B', 'x:']);
  });

  it.each(['HTTP/1.0 404\r\n\r\n', 'HTTP/1.0 404 \r\n\r\n', 'HTTP/1.0 404 G\xf6ne\t!\r\n\r\n'])(
    'begins with %j',
    (bytes) => expect(read(bytes, 0, step).head).toEqual([404, '1.0']),
  );

  it('comes behind interim ones', () => {
    const { interims, head } = read(`HTTP/1.1 100\r\n\r\nHTTP/1.1 103 X\r\nA: b\r\n\r\n${OK}\r\n`, 0, step);
    expect(interims).toEqual([100, 103]);
    expect(head).toEqual([200, '1.1']);
  });

  it('of a known length ends there', () => {
    expect(read(`${OK}\r\nhello?!`, 5, step)).toMatchObject({ content: 'hello', isComplete: true });
    expect(read(`${OK}\r\nhello?!`, 5, 1e9).rest).toBe('?!');
    expect(read(`${OK}\r\nhell`, 5, step)).toMatchObject({ content: 'hell', isComplete: false });
  });

  it('in chunks ends with the last of them, and its trailers', () => {
    const chunks = `${OK}\r\n3\r\nabc\r\n00A;x="y" ;z\r\n0123456789\r\n1 ;\r\n!\r\n0\r\nX: \xe9 \r\nY:\r\n\r\n`;
    expect(read(chunks, 'last-chunk', step)).toMatchObject({
      content: 'abc0123456789!',
      trailers: ['X', '\xe9', 'Y', ''],
      isComplete: true,
    });
    for (const cut of [1, 2, 3, 10, 30]) {
      expect(read(chunks.slice(0, -cut), 'last-chunk', step).isComplete).toBe(false);
    }
  });

  it('ends with the connection otherwise', () => {
    expect(read(`${OK}\r\nhello`, 'close', step)).toMatchObject({ content: 'hello', isComplete: true });
  });
});

describe('a response is refused', () => {
  it.each([
    ['no status line', 'SSH-2.0\r\n\r\n'],
    ['an empty line before', `\r\n${OK}\r\n`],
    ['HTTP/2', 'HTTP/2.0 200 OK\r\n\r\n'],
    ['HTTP/1.2', 'HTTP/1.2 200 OK\r\n\r\n'],
    ['another case', 'http/1.1 200 OK\r\n\r\n'],
    ['two digits', 'HTTP/1.1 20 OK\r\n\r\n'],
    ['four digits', 'HTTP/1.1 2000 OK\r\n\r\n'],
    ['two spaces', 'HTTP/1.1  200 OK\r\n\r\n'],
    ['a folded field', `${OK}A: b\r\n c\r\n\r\n`],
    ['a folded status line', `${OK} A: b\r\n\r\n`],
    ['white space before the colon', `${OK}A : b\r\n\r\n`],
    ['no name', `${OK}: b\r\n\r\n`],
    ['no colon', `${OK}A\r\nB: c\r\n\r\n`],
    ['a name with a byte over 0x7f', `${OK}\xe9: b\r\n\r\n`],
    ['a name with a bracket', `${OK}A(b): c\r\n\r\n`],
    ['CR alone', `${OK}A: b\rB: c\r\n\r\n`],
    ['LF alone', `${OK}A: b\nB: c\r\n\r\n`],
    ['NUL', `${OK}A: \0\r\n\r\n`],
    ['DEL', `${OK}A: \x7f\r\n\r\n`],
    ['a control in the reason', 'HTTP/1.1 200 \x1b[2J\r\n\r\n'],
  ])('with %s', (_name, bytes) => {
    expect(refusal(bytes, 0)).toMatch(/malformed/);
  });

  it.each([
    ['no size', '\r\n'],
    ['a size that is no number', 'x\r\n'],
    ['a signed size', '+3\r\nabc\r\n'],
    ['0x', '0x3\r\nabc\r\n'],
    ['white space before the size', ' 3\r\nabc\r\n'],
    ['white space behind the size', '3 \r\nabc\r\n'],
    ['a size over 2^53', '20000000000001\r\n'],
    ['a size of seventeen digits', '00000000000000003\r\nabc\r\n'],
    ['LF alone behind the size', '3\nabc\r\n0\r\n\r\n'],
    ['a control in an extension', '3;\0\r\nabc\r\n'],
    ['more content than its size', '3\r\nabcd\r\n'],
    ['LF alone behind a chunk', '3\r\nabc\n0\r\n\r\n'],
    ['a folded trailer', '0\r\nA: b\r\n c\r\n\r\n'],
    ['a control in a trailer', '0\r\nA: b\x01\r\n\r\n'],
  ])('in chunks with %s', (_name, bytes) => {
    expect(refusal(`${OK}\r\n${bytes}`, 'last-chunk')).toMatch(/malformed/);
  });

  it('with a head over the limit, as soon as that shows', () => {
    const head = (length: number) => `${OK}A: ${'x'.repeat(length)}`;
    expect(refusal(`${head(MAX_HEAD - 20)}\r\n\r\n`, 0)).toBe('taken');
    expect(refusal(head(MAX_HEAD + 512), 0)).toMatch(/header fields too large/);
    expect(refusal(`${head(MAX_HEAD + 512)}\r\n\r\n`, 0)).toMatch(/header fields too large/);
  });

  it('with chunk extensions over 4 KB in all', () => {
    const chunks = (count: number) => `${OK}\r\n${`1;${'x'.repeat(1000)}\r\na\r\n`.repeat(count)}0\r\n\r\n`;
    expect(refusal(chunks(4), 'last-chunk')).toBe('taken');
    expect(refusal(chunks(5), 'last-chunk')).toMatch(/malformed/);
  });

  it('with trailers over the limit', () => {
    const trailers = (count: number) => `${OK}\r\n0\r\n${`A: ${'x'.repeat(100)}\r\n`.repeat(count)}\r\n`;
    expect(refusal(trailers(10), 'last-chunk')).toBe('taken');
    expect(refusal(trailers(100), 'last-chunk')).toMatch(/too large/);
  });
});
