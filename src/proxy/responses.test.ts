import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { RawClient, startCannedService, startPair, startRawService } from './pair.fixture.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** What a client gets when the origin answers with these bytes. */
async function answerTo(
  bytes: string,
  request = GET,
): Promise<{ head: string; body: string; ending: string | undefined }> {
  const pair = await startPair(await startCannedService(bytes));
  const client = new RawClient(pair.port).send(request);
  const [head = '', ...rest] = (await client.untilClosed()).split('\r\n\r\n');
  return { head, body: rest.join('\r\n\r\n'), ending: client.ending };
}

describe('a response', () => {
  it('keeps Content-Length', async () => {
    const { head, body } = await answerTo('HTTP/1.1 200 Fine\r\nContent-Length: 2\r\n\r\nok');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\nContent-Length: 2\r\n/);
    expect(head).not.toContain('Transfer-Encoding');
    expect(body).toBe('ok');
  });

  it('is chunked otherwise', async () => {
    const { head, body } = await answerTo(
      'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n',
    );
    expect(head).toContain('\r\nTransfer-Encoding: chunked');
    expect(body).toBe('2\r\nok\r\n0\r\n\r\n');
  });

  it('that ends with its connection is chunked', async () => {
    const { body } = await answerTo('HTTP/1.1 200 OK\r\n\r\nok');
    expect(body).toBe('2\r\nok\r\n0\r\n\r\n');
  });

  it('of an HTTP/1.0 origin is taken', async () => {
    const { head, body } = await answerTo('HTTP/1.0 200 OK\r\nX: y\r\n\r\nok');
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\nX: y\r\n/);
    expect(body).toBe('2\r\nok\r\n0\r\n\r\n');
  });

  it('has fields in Title-Case, in their order, byte for byte', async () => {
    const fields = 'x-b: \x80\xff\r\nSET-cookie: a=1\r\nX-C: 2\r\nset-cookie: b=2\r\nx-B: 3\r\n';
    const { head } = await answerTo(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 0\r\n\r\n`);
    expect(head).toContain('\r\nX-B: \x80\xff\r\nSet-Cookie: a=1\r\nX-C: 2\r\nSet-Cookie: b=2\r\nX-B: 3\r\n');
  });

  it('loses the fields of one hop', async () => {
    const fields =
      'Connection: x-secret\r\nX-Secret: 1\r\nKeep-Alive: timeout=9\r\nProxy-Authenticate: B\r\nUpgrade: x\r\n';
    const { head } = await answerTo(`HTTP/1.1 200 OK\r\n${fields}Date: today\r\nContent-Length: 0\r\n\r\n`);
    expect(head).toBe('HTTP/1.1 200 OK\r\nDate: today\r\nContent-Length: 0\r\nConnection: close');
  });

  it('gets a Date when it has none', async () => {
    const { head } = await answerTo('HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n');
    expect(head.match(/\r\nDate: \w{3}, \d\d \w{3} \d{4} \d\d:\d\d:\d\d GMT/g)).toHaveLength(1);
  });

  it('keeps its Date', async () => {
    const { head } = await answerTo('HTTP/1.1 200 OK\r\nDate: x\r\nContent-Length: 0\r\n\r\n');
    expect(head.match(/\r\nDate: .*/g)).toEqual(['\r\nDate: x']);
  });

  it('has the standard reason phrase', async () => {
    expect((await answerTo('HTTP/1.1 404 Gone fishing\r\nContent-Length: 0\r\n\r\n')).head).toMatch(
      /^HTTP\/1\.1 404 Not Found\r\n/,
    );
    expect((await answerTo('HTTP/1.1 299 Odd\r\nContent-Length: 0\r\n\r\n')).head).toMatch(
      /^HTTP\/1\.1 299 \r\n/,
    );
  });

  it.each([204, 304])('with status %d has no content', async (status) => {
    const { head, body } = await answerTo(`HTTP/1.1 ${status} X\r\nX: y\r\n\r\n`);
    expect(head).toMatch(new RegExp(`^HTTP/1.1 ${status} `));
    expect(head).not.toContain('Transfer-Encoding');
    expect(body).toBe('');
  });

  it('with status 304 keeps the length that it tells', async () => {
    expect((await answerTo('HTTP/1.1 304 X\r\nContent-Length: 9\r\n\r\n')).head).toContain(
      '\r\nContent-Length: 9',
    );
  });

  it('with status 204 tells no length', async () => {
    expect((await answerTo('HTTP/1.1 204 X\r\nContent-Length: 0\r\n\r\n')).head).not.toContain(
      'Content-Length',
    );
  });

  it('to HEAD has a length but no content', async () => {
    const { head, body } = await answerTo(
      'HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n',
      GET.replace('GET', 'HEAD'),
    );
    expect(head).toContain('\r\nContent-Length: 9');
    expect(body).toBe('');
  });

  it('has its trailers', async () => {
    const { head, body } = await answerTo(
      'HTTP/1.1 200 OK\r\nTrailer: X-Sum\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nx-sum: \xe9\r\nX-Sum: 2\r\nHost: b\r\n\r\n',
    );
    expect(head).toContain('\r\nTrailer: X-Sum\r\n');
    expect(body).toBe('2\r\nok\r\n0\r\nX-Sum: \xe9\r\nX-Sum: 2\r\n\r\n');
  });

  it('to HTTP/1.0 ends with the connection', async () => {
    const { head, body, ending } = await answerTo(
      'HTTP/1.1 200 OK\r\nTrailer: X\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\nX: y\r\n\r\n',
      'GET / HTTP/1.0\r\nHost: a\r\n\r\n',
    );
    expect(head).not.toContain('Transfer-Encoding');
    expect(head).toContain('\r\nConnection: close');
    expect(body).toBe('ok');
    expect(ending).toBe('clean');
  });
});

describe('interim responses', () => {
  const FINAL = 'HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n';
  const early = (at: number) => `HTTP/1.1 103 X\r\nlink: </${at}>\r\n\r\n`;

  it('come in order, with their fields', async () => {
    const all = `HTTP/1.1 100 Continue\r\n\r\n${early(1)}HTTP/1.1 102 X\r\n\r\n${early(2)}${early(3)}`;
    const pair = await startPair(await startCannedService(all + FINAL));
    const answer = await new RawClient(pair.port).send(GET).untilClosed();
    const hint = (at: number) => `HTTP/1.1 103 Early Hints\r\nLink: </${at}>\r\n\r\n`;
    const expected = `HTTP/1.1 100 Continue\r\n\r\n${hint(1)}HTTP/1.1 102 Processing\r\n\r\n${hint(2)}${hint(3)}HTTP/1.1 200 OK\r\n`;
    expect(answer.slice(0, expected.length)).toBe(expected);
  });

  it('of pipelined requests come in their turn', async () => {
    let count = 0;
    const port = await startRawService((socket) => {
      socket.on('data', () => socket.write(early(++count) + FINAL));
    });
    const pair = await startPair(port);
    const answer = await new RawClient(pair.port).send(GET.replace(/Conn.*\r\n/, '') + GET).untilClosed();
    expect(answer.match(/^HTTP.*|^Link.*/gm)).toEqual([
      'HTTP/1.1 103 Early Hints',
      'Link: </1>',
      'HTTP/1.1 200 OK',
      'HTTP/1.1 103 Early Hints',
      'Link: </2>',
      'HTTP/1.1 200 OK',
    ]);
  });

  it('are sixteen at most', async () => {
    const sixteen = Array.from({ length: 16 }, (_, at) => early(at)).join('');
    expect(await interimsThenStatus(sixteen + FINAL)).toEqual([16, '200']);
    expect(await interimsThenStatus(sixteen + early(17) + FINAL)).toEqual([16, '502']);
  });

  async function interimsThenStatus(bytes: string) {
    const pair = await startPair(await startCannedService(bytes));
    const answer = await new RawClient(pair.port).send(GET).untilClosed();
    const statuses = Array.from(answer.matchAll(/HTTP\/1\.1 (\d+)/g), (match) => match[1]);
    return [statuses.filter((status) => status === '103').length, statuses.at(-1)];
  }

  it('are not for HTTP/1.0', async () => {
    const pair = await startPair(await startCannedService(early(1) + FINAL));
    const answer = await new RawClient(pair.port).send('GET / HTTP/1.0\r\nHost: a\r\n\r\n').untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK/);
  });
});

describe('what an origin may not send', () => {
  const OK = 'HTTP/1.1 200 OK\r\n';
  const rows: [name: string, bytes: string][] = [
    ['a 101 that nobody asked for', 'HTTP/1.1 101 X\r\nConnection: upgrade\r\nUpgrade: x\r\n\r\n'],
    ['a 101 without Upgrade', 'HTTP/1.1 101 X\r\n\r\n'],
    ['status 600', 'HTTP/1.1 600 X\r\nContent-Length: 0\r\n\r\n'],
    ['status 999', 'HTTP/1.1 999 X\r\nContent-Length: 0\r\n\r\n'],
    ['status 099', 'HTTP/1.1 099 X\r\nContent-Length: 0\r\n\r\n'],
    ['bare CR in the head', `${OK}A: b\rc\r\nContent-Length: 0\r\n\r\n`],
    ['bare LF in the head', `${OK}A: b\nContent-Length: 0\r\n\r\n`],
    ['NUL in the head', `${OK}A: b\0c\r\nContent-Length: 0\r\n\r\n`],
    ['obs-fold', `${OK}A: b\r\n c\r\nContent-Length: 0\r\n\r\n`],
    ['Transfer-Encoding: gzip', `${OK}Transfer-Encoding: gzip\r\n\r\nxyz`],
    ['Transfer-Encoding: gzip, chunked', `${OK}Transfer-Encoding: gzip, chunked\r\n\r\n0\r\n\r\n`],
    ['Transfer-Encoding in HTTP/1.0', 'HTTP/1.0 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n'],
    [
      'Content-Length with Transfer-Encoding',
      `${OK}Content-Length: 1\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n`,
    ],
    ['Content-Length twice', `${OK}Content-Length: 1\r\nContent-Length: 1\r\n\r\na`],
    ['Content-Length with a sign', `${OK}Content-Length: +1\r\n\r\na`],
    ['Connection that names Content-Length', `${OK}Connection: content-length\r\nContent-Length: 1\r\n\r\na`],
    ['20 KB in one field', `${OK}A: ${'x'.repeat(20_000)}\r\nContent-Length: 0\r\n\r\n`],
    ['40 KB in one field', `${OK}A: ${'x'.repeat(40_000)}\r\nContent-Length: 0\r\n\r\n`],
    ['2,500 fields', `${OK}${'A: b\r\n'.repeat(2500)}Content-Length: 0\r\n\r\n`],
    ['201 fields', `${OK}${'A: b\r\n'.repeat(200)}Content-Length: 0\r\n\r\n`],
    ['no HTTP', 'SSH-2.0-OpenSSH\r\n'],
    ['nothing', ''],
    ['half a head', `${OK}A: b\r\n`],
  ];

  it.each(rows)('%s: 502', async (_name, bytes) => {
    const pair = await startPair(await startCannedService(bytes));
    const answer = await new RawClient(pair.port).send(GET).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\n/);
    expect(answer).toContain('\r\nServer: ptproxy server\r\n');
    expect(answer).toContain('\r\nContent-Type: text/plain;charset=UTF-8\r\n');
    const id = /\r\nX-Request-Id: (.*)\r\n/.exec(answer)?.[1];
    expect(pair.log).toEqual([
      {
        level: 'warn',
        details: { request: id, status: 502, method: 'GET', path: '/' },
        message: answer.split('\r\n\r\n')[1],
      },
    ]);
    const record = { id, status: 502, method: 'GET', target: '/' };
    expect(pair.records.origin).toEqual([expect.objectContaining({ ...record, outcome: 'failed' })]);
    expect(pair.records.front).toEqual([expect.objectContaining({ ...record, outcome: 'complete' })]);
    expect(pair.origin.inFlight).toBe(0);
  });

  const cuts: [name: string, bytes: string][] = [
    ['content shorter than its length', `${OK}Content-Length: 9\r\n\r\nabc`],
    ['a chunk cut off', `${OK}Transfer-Encoding: chunked\r\n\r\n9\r\nabc`],
    ['chunks without the last', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n`],
    ['a bad chunk', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\nxyz\r\n`],
    ['trailers cut off', `${OK}Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n`],
  ];

  it.each(cuts)('%s: the client is cut off', async (_name, bytes) => {
    const { head, body } = await answerTo(bytes);
    expect(head).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    expect(body.endsWith('0\r\n\r\n')).toBe(false);
    expect(body.length).toBeLessThan(9);
  });

  it('content cut off: the client of HTTP/1.0 sees a reset', async () => {
    const sockets: Socket[] = [];
    const port = await startRawService((socket) => {
      sockets.push(socket);
      socket.write(`${OK}Transfer-Encoding: chunked\r\n\r\n9\r\nabc`);
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    await client.until('abc');
    sockets[0]?.destroy();
    await client.untilClosed();
    expect(client.ending).toBe('reset');
  });

  it('content behind HEAD: that connection is not used again', async () => {
    await expectNewConnection(`${OK}Content-Length: 3\r\n\r\nabc`, 'HEAD');
  });

  it('content behind 204: that connection is not used again', async () => {
    await expectNewConnection('HTTP/1.1 204 X\r\n\r\nabc', 'GET');
  });

  it('a second response: that connection is not used again', async () => {
    await expectNewConnection(
      `${OK}Content-Length: 0\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 6\r\n\r\npoison`,
      'GET',
    );
  });

  it('a second response, later: that connection is not used again', async () => {
    const sockets: Socket[] = [];
    const port = await startRawService((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.write(`${OK}Content-Length: 2\r\n\r\nok`));
    });
    const pair = await startPair(port);
    await new RawClient(pair.port).send(GET).untilClosed();
    const [first] = sockets;
    first?.write(`${OK}Content-Length: 6\r\n\r\npoison`);
    await new Promise((resolve) => first?.on('close', resolve));
    expect(await new RawClient(pair.port).send(GET).untilClosed()).toMatch(/ok$/);
    expect(sockets).toHaveLength(2);
  });

  async function expectNewConnection(bytes: string, method: string) {
    let connections = 0;
    const port = await startRawService((socket) => {
      const answer = ++connections === 1 ? bytes : `${OK}Content-Length: 2\r\n\r\nok`;
      socket.on('data', () => socket.write(answer));
    });
    const pair = await startPair(port);
    const first = await new RawClient(pair.port).send(GET.replace('GET', method)).untilClosed();
    expect(first).not.toContain('poison');
    expect(await new RawClient(pair.port).send(GET).untilClosed()).toMatch(/200 OK[\s\S]*ok$/);
    expect(connections).toBe(2);
  }
});
