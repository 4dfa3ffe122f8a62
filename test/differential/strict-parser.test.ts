import { describe, expect, it } from 'vitest';
import { meaningOf } from './oracle.ts';
import { parseRequest } from './strict-parser.ts';

const get = (fields = '') => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;
const chunked = (content: string) =>
  `${get('Transfer-Encoding: chunked\r\n').replace('GET', 'POST')}${content}`;

const right: [name: string, text: string, body: string][] = [
  ['no content', get(), ''],
  ['Content-Length', `${get('Content-Length: 3\r\n')}abc`, 'abc'],
  ['chunks', chunked('2\r\nab\r\n01;x="y;z"\r\nc\r\n0\r\nT: u\r\n\r\n'), 'abc'],
  ['bytes over 0x7f, tabs and nothing in values', get('A:\t\x80 \t\r\nB:\r\n'), ''],
];

const wrong: [name: string, text: string][] = [
  ['bare LF behind the request line', `GET / HTTP/1.1\nHost: a\r\n\r\n`],
  ['bare CR in a field', get('A: b\rc\r\n')],
  ['obs-fold', get('A: b\r\n c\r\n')],
  ['a space before the colon', get('A : b\r\n')],
  ['no colon', get('A\r\n')],
  ['NUL in a value', get('A: \0\r\n')],
  ['a control byte in a name', get('A\x01: b\r\n')],
  ['version 2.0', get().replace('1.1', '2.0')],
  ['two lengths', get('Content-Length: 0\r\nContent-Length: 0\r\n')],
  ['a signed length', get('Content-Length: +0\r\n')],
  ['both framings', get('Content-Length: 0\r\nTransfer-Encoding: chunked\r\n')],
  ['another coding', get('Transfer-Encoding: gzip, chunked\r\n')],
  ['chunked in HTTP/1.0', chunked('0\r\n\r\n').replace('1.1', '1.0')],
  ['a chunk size with a sign', chunked('+1\r\na\r\n0\r\n\r\n')],
  ['a space behind a chunk size', chunked('1 \r\na\r\n0\r\n\r\n')],
  ['bare LF behind a chunk size', chunked('1\na\r\n0\r\n\r\n')],
  ['a chunk longer than its size', chunked('1\r\nab\r\n0\r\n\r\n')],
  ['a folded trailer', chunked('0\r\nA: b\r\n c\r\n\r\n')],
];

describe('the strict parser', () => {
  it.each(right)('takes %s', (_name, text, body) => {
    const parsed = parseRequest(`${text}next`, 0);
    expect(parsed).toMatchObject({ kind: 'request', end: text.length, request: { body, doubts: [] } });
  });

  it.each(right)('waits for the end of %s', (_name, text) => {
    for (let length = 0; length < text.length; length++) {
      expect(parseRequest(text.slice(0, length), 0)).toEqual({ kind: 'more' });
    }
  });

  it.each(wrong)('refuses %s', (_name, text) => {
    expect(parseRequest(text, 0)).toMatchObject({ kind: 'wrong' });
  });
});

describe('the oracle', () => {
  const refused: [name: string, text: string][] = [
    ['no Host', 'GET / HTTP/1.1\r\n\r\n'],
    ['two Hosts', get('Host: a\r\n')],
    ['a Host with a user', get().replace('Host: a', 'Host: u@a')],
    ['a fragment', get().replace('/', '/#x')],
    ['another scheme', get().replace('/', 'ftp://a/')],
    ['GET *', get().replace('/', '*')],
    ['CONNECT', get().replace('GET /', 'CONNECT a:80')],
    ['Connection that names Host', get('Connection: host\r\n')],
  ];

  it.each(refused)('refuses %s', (_name, text) => {
    expect(meaningOf(text)).toMatchObject({ requests: [], ending: 'refused' });
  });

  it('follows one request with the next, up to the one that closes', () => {
    const text = `${get()}${get('Connection: close\r\n')}${get()}`;
    expect(meaningOf(text)).toMatchObject({ requests: [{}, {}], ending: 'closed' });
  });

  it('knows what is for one hop, and where an absolute target goes', () => {
    const fields = 'Connection: x\r\nX: 1\r\nKeep-Alive: 2\r\nTE: gzip, trailers\r\nY: 3\r\n';
    const { requests } = meaningOf(get(fields).replace('/', 'http://b?q'));
    expect(requests[0]).toMatchObject({
      target: '/?q',
      host: 'b',
      fields: [
        ['y', '3'],
        ['te', 'trailers'],
      ],
    });
  });
});
