import { beforeAll, describe, expect, it } from 'vitest';
import { type Pair, RawClient, type Seen, startNotingService, startPair } from './pair.fixture.ts';

const HOST = 'Host: a\r\n';
const get = (rest: string) => `GET / HTTP/1.1\r\n${HOST}${rest}\r\n`;
const post = (fields: string, content = '') => `POST / HTTP/1.1\r\n${HOST}${fields}\r\n${content}`;
const chunked = (content: string) => post('Transfer-Encoding: chunked\r\n', content);

/** What is refused: name, bytes, status. */
const ROWS: [name: string, bytes: string, status: number][] = [
  [
    'Content-Length with Transfer-Encoding',
    post('Content-Length: 5\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
  ],
  [
    'Transfer-Encoding with Content-Length',
    post('Transfer-Encoding: chunked\r\nContent-Length: 5\r\n', '0\r\n\r\n'),
    400,
  ],
  ['Transfer-Encoding: gzip', post('Transfer-Encoding: gzip\r\n'), 400],
  ['Transfer-Encoding: identity', post('Transfer-Encoding: identity\r\n'), 400],
  ['Transfer-Encoding: xchunked', post('Transfer-Encoding: xchunked\r\n'), 400],
  ['Transfer-Encoding: chunked, gzip', post('Transfer-Encoding: chunked, gzip\r\n'), 400],
  ['Transfer-Encoding: chunked, chunked', post('Transfer-Encoding: chunked, chunked\r\n'), 400],
  ['Transfer-Encoding: , chunked', post('Transfer-Encoding: , chunked\r\n', '0\r\n\r\n'), 400],
  ['Transfer-Encoding: chunked;a', post('Transfer-Encoding: chunked;a\r\n', '0\r\n\r\n'), 400],
  [
    'Transfer-Encoding twice',
    post('Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    400,
  ],
  ['Transfer-Encoding: gzip, chunked', post('Transfer-Encoding: gzip, chunked\r\n', '0\r\n\r\n'), 501],
  [
    'gzip and chunked in two lines',
    post('Transfer-Encoding: gzip\r\nTransfer-Encoding: chunked\r\n', '0\r\n\r\n'),
    501,
  ],
  [
    'Transfer-Encoding in HTTP/1.0',
    `POST / HTTP/1.0\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    400,
  ],
  ['Content-Length twice', post('Content-Length: 2\r\nContent-Length: 2\r\n', 'ab'), 400],
  ['Content-Length as a list', post('Content-Length: 2, 2\r\n', 'ab'), 400],
  ['Content-Length with a sign', post('Content-Length: +2\r\n', 'ab'), 400],
  ['Content-Length below zero', post('Content-Length: -2\r\n', 'ab'), 400],
  ['Content-Length in hex', post('Content-Length: 0x2\r\n', 'ab'), 400],
  ['Content-Length empty', post('Content-Length:\r\n', 'ab'), 400],
  ['Content-Length over 2^63', post('Content-Length: 9223372036854775809\r\n', 'ab'), 400],
  ['Content-Length over 2^64', post('Content-Length: 18446744073709551617\r\n', 'ab'), 400],
  ['obs-fold', get('A: b\r\n c\r\n'), 400],
  ['obs-fold with a tab', get('A: b\r\n\tc\r\n'), 400],
  ['obs-fold behind the request line', `GET / HTTP/1.1\r\n A: b\r\n${HOST}\r\n`, 400],
  ['bare LF behind the request line', `GET / HTTP/1.1\n${HOST}\r\n`, 400],
  ['bare LF behind a field', `GET / HTTP/1.1\r\nHost: a\nB: c\r\n\r\n`, 400],
  ['bare LF at the end of the head', `GET / HTTP/1.1\r\nHost: a\r\n\n`, 400],
  ['bare CR in a field', 'GET / HTTP/1.1\r\nHost: a\rB: c\r\n\r\n', 400],
  ['bare CR behind the request line', 'GET / HTTP/1.1\rHost: a\r\n\r\n', 400],
  ['NUL in a value', get('A: b\0c\r\n'), 400],
  ['a control byte in a value', get('A: b\x01c\r\n'), 400],
  ['DEL in a value', get('A: b\x7fc\r\n'), 400],
  ['NUL in a name', get('A\0: b\r\n'), 400],
  ['space before the colon', get('A : b\r\n'), 400],
  ['no colon', get('Ab\r\n'), 400],
  ['a name that starts with a colon', get(':path: /x\r\n'), 400],
  ['an empty name', get(': x\r\n'), 400],
  ['a name with a byte over 0x7f', get('A\x80: x\r\n'), 400],
  ['a target with another scheme', `GET ftp://b/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a target with scheme https', `GET https://b/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a target without authority', `GET http:///p HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a target with a user', `GET http://u@b/ HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['GET *', `GET * HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a fragment', `GET /a#b HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['authority-form without CONNECT', `GET b:80 HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a space in the target', `GET /a b HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['a byte over 0x7f in the target', `GET /\xff HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['no Host', 'GET / HTTP/1.1\r\nA: b\r\n\r\n', 400],
  ['no Host with an absolute target', 'GET http://b/ HTTP/1.1\r\nA: b\r\n\r\n', 400],
  ['two Hosts', get('Host: b\r\n'), 400],
  ['twice the same Host', get(HOST), 400],
  ['Host: a,b', 'GET / HTTP/1.1\r\nHost: a,b\r\n\r\n', 400],
  ['Host: u@h', 'GET / HTTP/1.1\r\nHost: u@h\r\n\r\n', 400],
  ['Host with a path', 'GET / HTTP/1.1\r\nHost: a/b\r\n\r\n', 400],
  ['Host with a bad port', 'GET / HTTP/1.1\r\nHost: a:99999\r\n\r\n', 400],
  ['empty Host', 'GET / HTTP/1.1\r\nHost:\r\n\r\n', 400],
  ['HTTP/2.0', `GET / HTTP/2.0\r\n${HOST}\r\n`, 505],
  ['HTTP/0.9', `GET / HTTP/0.9\r\n${HOST}\r\n`, 505],
  ['HTTP/1.2', `GET / HTTP/1.2\r\n${HOST}\r\n`, 505],
  ['no version', 'GET /\r\n\r\n', 505],
  ['PRI', 'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n', 505],
  ['http/1.1 in lower case', `GET / http/1.1\r\n${HOST}\r\n`, 400],
  ['a method with other characters', `G(T / HTTP/1.1\r\n${HOST}\r\n`, 400],
  ['TLS', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03', 400],
  ['CONNECT', `CONNECT a:80 HTTP/1.1\r\n${HOST}\r\n`, 405],
  ['Connection names Host', get('Connection: host\r\n'), 400],
  [
    'Connection names Content-Length',
    post('Connection: close, Content-Length\r\nContent-Length: 0\r\n'),
    400,
  ],
  ['Connection names a pseudo-header field', get('Connection: :path\r\n'), 400],
  ['an unknown expectation', post('Expect: cake\r\nContent-Length: 0\r\n'), 417],
  ['a chunk size with a sign', chunked('-1\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size with 0x', chunked('0x1\r\na\r\n0\r\n\r\n'), 400],
  ['a chunk size that is too large', chunked('fffffffffffffffff\r\na\r\n0\r\n\r\n'), 400],
  ['a space behind the chunk size', chunked('1 \r\na\r\n0\r\n\r\n'), 400],
  ['bare LF behind the chunk size', chunked('1\na\r\n0\r\n\r\n'), 400],
  ['bare LF behind the chunk', chunked('1\r\na\n0\r\n\r\n'), 400],
  ['a chunk longer than its size', chunked('1\r\nab\r\n0\r\n\r\n'), 400],
  ['bare LF in a chunk extension', chunked('1;a\nb\r\na\r\n0\r\n\r\n'), 400],
  ['obs-fold in a trailer', chunked('0\r\nA: b\r\n c\r\n\r\n'), 400],
  ['a trailer that starts with a colon', chunked('0\r\n:path: /x\r\n\r\n'), 400],
];

let pair: Pair;
let seen: Seen[];

beforeAll(async () => {
  const service = await startNotingService('file');
  seen = service.seen;
  pair = await startPair(service.port, {}, {}, 'file');
});

async function expectNextRequestWorks(): Promise<void> {
  seen.length = 0;
  const next = new RawClient(pair.port).send('GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  expect(await next.untilClosed()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*ok$/);
  expect(seen.map(({ url }) => url)).toEqual(['/next']);
}

function expectRefusal(answer: string, status: number): void {
  expect(answer).toMatch(new RegExp(`^HTTP/1\\.1 ${status} `));
  expect(answer).toContain('\r\nConnection: close\r\n');
  expect(answer).toContain('\r\nServer: ptproxy client\r\n');
  expect(answer).toContain('\r\nContent-Type: text/plain;charset=UTF-8\r\n');
  expect(answer.match(/HTTP\/1\.1 \d/g)).toHaveLength(1);
}

describe('what an HTTP/1.1 client may not send', () => {
  it.each(ROWS)('%s', async (_name, bytes, status) => {
    seen.length = 0;
    pair.log.length = 0;
    pair.records.front.length = 0;
    const client = new RawClient(pair.port).send(bytes);
    const answer = await client.untilClosed();
    expectRefusal(answer, status);
    expect(client.ending).toBe('clean');
    expect(seen).toEqual([]);
    const id = /\r\nX-Request-Id: (.*)\r\n/.exec(answer)?.[1];
    const warnings = pair.log.filter(({ level }) => level !== 'debug');
    expect(warnings.map(({ details }) => details)).toEqual([
      expect.objectContaining({ request: id, status }),
    ]);
    expect(answer.endsWith(`\r\n\r\n${warnings[0]?.message}`)).toBe(true);
    expect(pair.records.front).toEqual([expect.objectContaining({ id, status, outcome: 'failed' })]);
    await expectNextRequestWorks();
  });

  it.each(ROWS)('%s, cut in two at every position', async (_name, bytes, status) => {
    seen.length = 0;
    const answers = Array.from({ length: bytes.length - 1 }, async (_, at) => {
      const client = new RawClient(pair.port);
      await client.sendInTwo(bytes, at + 1);
      return client.untilClosed();
    });
    for (const answer of await Promise.all(answers)) expectRefusal(answer, status);
    expect(seen).toEqual([]);
    await expectNextRequestWorks();
  });

  it.each([
    ['a line that ends with LF alone', 'GET / HTTP/1.1\n'],
    ['a request line without version', 'GET /\r\n'],
    ['another protocol', '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03'],
    ['a control byte in a field', 'GET / HTTP/1.1\r\nHost: a\0'],
  ])('is refused before the end of its head: %s', async (_name, bytes) => {
    expect(await new RawClient(pair.port).send(bytes).untilClosed()).toMatch(/^HTTP\/1\.1 (400|505) /);
  });

  it('answers HEAD without content', async () => {
    const answer = await new RawClient(pair.port).send('HEAD * HTTP/1.1\r\nHost: a\r\n\r\n').untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\n\r\n$/);
  });

  it('answers what came before, then refuses', async () => {
    const bytes = `GET /1 HTTP/1.1\r\n${HOST}\r\n${get('A : b\r\n')}`;
    const answer = await new RawClient(pair.port).send(bytes).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*\r\n\r\nokHTTP\/1\.1 400 /);
  });
});

describe('CONNECT behind other requests', () => {
  it.each([
    ['GET', `GET /1 HTTP/1.1\r\n${HOST}\r\n`],
    ['POST', `POST /1 HTTP/1.1\r\n${HOST}Transfer-Encoding: chunked\r\n\r\n1\r\na\r\n0\r\n\r\n`],
  ])('is refused when those are answered: %s', async (_name, before) => {
    const bytes = `${before}CONNECT a:80 HTTP/1.1\r\n${HOST}\r\nanything`;
    const answer = await new RawClient(pair.port).send(bytes).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 [\s\S]*ok\r?\n?[\s\S]*HTTP\/1\.1 405 /);
  });
});

describe('limits of an HTTP/1.1 request', () => {
  const pad = (count: number) => 'x'.repeat(count);
  const rows: [name: string, bytes: string, status: number][] = [
    ['20 KB in one field', get(`A: ${pad(20_000)}\r\n`), 431],
    ['40 KB in one field', get(`A: ${pad(40_000)}\r\n`), 431],
    ['33 KB in many fields', get(`A: ${pad(1000)}\r\n`.repeat(33)), 431],
    ['201 fields', get('A: b\r\n'.repeat(200)), 431],
    ['2,500 fields', get('A: b\r\n'.repeat(2500)), 431],
    ['a target of 20 KB', `GET /${pad(20_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
    ['a target of 40 KB', `GET /${pad(40_000)} HTTP/1.1\r\n${HOST}\r\n`, 414],
    ['201 trailers', chunked(`0\r\n${'A: b\r\n'.repeat(201)}\r\n`), 431],
    ['40 KB of trailers', chunked(`0\r\nA: ${pad(40_000)}\r\n\r\n`), 431],
    ['a chunk extension of 5 KB', chunked(`1;${pad(5000)}\r\na\r\n0\r\n\r\n`), 400],
    ['20 KB of chunk extensions', chunked(`${`1;${pad(200)}\r\na\r\n`.repeat(100)}0\r\n\r\n`), 400],
    ['5 KB of zeros in a chunk size', chunked(`${'0'.repeat(5000)}1\r\na\r\n0\r\n\r\n`), 400],
  ];

  it.each(rows)('%s', async (_name, bytes, status) => {
    seen.length = 0;
    const client = new RawClient(pair.port).send(bytes);
    expectRefusal(await client.untilClosed(), status);
    expect(seen).toEqual([]);
    await expectNextRequestWorks();
  });

  const accepted: [name: string, bytes: string][] = [
    ['15 KB in one field', get(`A: ${pad(15_000)}\r\n`)],
    ['30 KB in many fields', get(`A: ${pad(1000)}\r\n`.repeat(30))],
    ['200 fields', get('A: b\r\n'.repeat(199))],
    ['a target of 8 KB', `GET /${pad(8000)} HTTP/1.1\r\n${HOST}\r\n`],
    ['a chunk extension of 3 KB', chunked(`1;${pad(3000)}\r\na\r\n0\r\n\r\n`)],
    ['2,000 chunks of a byte', chunked(`${'1\r\na\r\n'.repeat(2000)}0\r\n\r\n`)],
  ];

  it.each(accepted)('accepts %s', async (_name, bytes) => {
    expect(await new RawClient(pair.port).send(bytes).until('ok')).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  });
});
