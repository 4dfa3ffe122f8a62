import { beforeAll, describe, expect, it } from 'vitest';
import {
  type Pair,
  RawClient,
  type Seen,
  startNotingService,
  startPair,
  startRawService,
  startService,
  until,
  valuesOf,
} from './pair.fixture.ts';

let pair: Pair;
let seen: Seen[];

beforeAll(async () => {
  const service = await startNotingService('file');
  seen = service.seen;
  pair = await startPair(service.port, {}, {}, 'file');
});

/** Sends a request through the pair and gives what the origin saw. */
async function see(bytes: string): Promise<Seen> {
  seen.length = 0;
  const answer = await new RawClient(pair.port).send(bytes).until('\r\n\r\n');
  expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  expect(seen).toHaveLength(1);
  return seen[0] as Seen;
}

const get = (fields: string) => `GET / HTTP/1.1\r\nHost: a\r\n${fields}\r\n`;

describe('the target of a request', () => {
  const rows: [name: string, line: string, url: string, host: string][] = [
    ['a path', 'GET /p?q=%20;x HTTP/1.1', '/p?q=%20;x', 'a'],
    ['an absolute-form: authority is b, Host replaced', 'GET http://b:81/p HTTP/1.1', '/p', 'b:81'],
    ['an absolute-form with a query alone', 'GET HTTP://b?q HTTP/1.1', '/?q', 'b'],
    ['an absolute-form without path', 'GET http://b HTTP/1.1', '/', 'b'],
    ['OPTIONS *', 'OPTIONS * HTTP/1.1', '*', 'a'],
    ['OPTIONS of an absolute-form without path', 'OPTIONS http://b HTTP/1.1', '*', 'b'],
    ['//evil/x stays a path', 'GET //evil/x HTTP/1.1', '//evil/x', 'a'],
    ['dots and escapes stay as they are', 'GET /a/../b//%2e%2E/"<> HTTP/1.1', '/a/../b//%2e%2E/"<>', 'a'],
  ];

  it.each(rows)('%s', async (_name, line, url, host) => {
    const got = await see(`${line}\r\nHost: a\r\n\r\n`);
    expect(got.url).toBe(url);
    expect(valuesOf(got.headers, 'host')).toEqual([host]);
    expect(got.headers.slice(0, 2)).toEqual(['Host', host]);
  });

  it.each(['a:8080', '[::1]', '[fe80::1]:80', '127.0.0.1', 'x_y.example', 'a:'])('Host: %s', async (host) => {
    const got = await see(`GET / HTTP/1.1\r\nHost: ${host}\r\n\r\n`);
    expect(valuesOf(got.headers, 'host')).toEqual([host]);
  });

  it('takes a request of HTTP/1.0', async () => {
    expect((await see('GET /p HTTP/1.0\r\nHost: a\r\n\r\n')).url).toBe('/p');
  });
});

describe('fields of a request', () => {
  it('are in Title-Case, in their order', async () => {
    const got = await see(get('x-ONE: 1\r\nx-two: 2\r\nX-One: 3\r\netag: 4\r\n'));
    expect(got.headers.slice(2, 10)).toEqual(['X-One', '1', 'X-Two', '2', 'X-One', '3', 'Etag', '4']);
  });

  it('keep bytes over 0x7f in a value', async () => {
    const value = Array.from({ length: 128 }, (_, at) => String.fromCharCode(128 + at)).join('');
    expect(valuesOf((await see(get(`X-Bytes: ${value}\r\n`))).headers, 'x-bytes')).toEqual([value]);
  });

  it.each([
    ['that is sent ahead of its content', 'POST', 'Content-Length: 1\r\n'],
    ['with an expectation', 'GET', 'Expect: 100-continue\r\n'],
  ])('keep bytes over 0x7f in a head %s', async (_name, method, fields) => {
    let tell: (head: string) => void = () => {};
    const told = new Promise<string>((resolve) => {
      tell = resolve;
    });
    const port = await startRawService((socket) => socket.setEncoding('latin1').once('data', tell));
    const { port: front } = await startPair(port);
    new RawClient(front).send(`${method} / HTTP/1.1\r\nHost: a\r\nX: \xe4\xff\r\n${fields}\r\n`);
    expect(await told).toContain('\r\nX: \xe4\xff\r\n');
  });

  it('lose white space around a value, and may be empty', async () => {
    const got = await see(get('X-A: \t b  c \t\r\nX-B:\r\n'));
    expect(got.headers.slice(2, 6)).toEqual(['X-A', 'b  c', 'X-B', '']);
  });

  it.each([
    ['Connection: close'],
    ['Keep-Alive: timeout=9'],
    ['Proxy-Connection: keep-alive'],
    ['Proxy-Authorization: Basic eDp5'],
    ['Proxy-Authenticate: Basic'],
    ['Connection: Upgrade\r\nUpgrade: h2c'],
    ['TE: gzip'],
    ['Connection: x-secret, X-Other\r\nX-Secret: 1\r\nX-Other: 2'],
    ['X-Secret: 1\r\nX-Other: 2\r\nConnection: close, x-secret,x-other'],
  ])('of one hop go: %j', async (fields) => {
    const got = await see(get(`${fields}\r\nX-Kept: 1\r\n`));
    expect(got.headers).toEqual(['Host', 'a', 'X-Kept', '1', 'Connection', 'keep-alive']);
  });

  it('stay when Connection names something else', async () => {
    const got = await see(get('Connection: \xa0x-a, "x-b", x -c\r\nX-A: 1\r\nX-B: 2\r\nX-C: 3\r\n'));
    expect(got.headers.slice(2, 8)).toEqual(['X-A', '1', 'X-B', '2', 'X-C', '3']);
  });

  it('keep TE: trailers, named by Connection', async () => {
    const got = await see(get('TE: gzip;q=0.5, trailers\r\nConnection: TE\r\n'));
    expect(got.headers).toEqual(['Host', 'a', 'Te', 'trailers', 'Connection', 'keep-alive, TE']);
  });

  it('join cookie crumbs', async () => {
    const got = await see(get('Cookie: a=1\r\nX: y\r\nCookie: b=2; c=3\r\n'));
    expect(got.headers.slice(2, 6)).toEqual(['Cookie', 'a=1; b=2; c=3', 'X', 'y']);
  });
});

describe('Forwarded', () => {
  it('is appended as a new line, existing ones untouched', async () => {
    const service = await startNotingService();
    const forwarding = await startPair(service.port, { addForwarded: true });
    const client = new RawClient(forwarding.port).send(get('Forwarded: for=x;proto=https\r\n'));
    await client.until('ok');
    const hop = `for="127.0.0.1:${client.socket.localPort}";by="127.0.0.1:${forwarding.port}";proto=http`;
    expect(valuesOf(service.seen[0]?.headers ?? [], 'forwarded')).toEqual(['for=x;proto=https', hop]);
  });

  it('is left out unless asked for', async () => {
    expect(valuesOf((await see(get(''))).headers, 'forwarded')).toEqual([]);
  });
});

describe('content of a request', () => {
  const send = (method: string, fields: string, content: string) =>
    see(`${method} / HTTP/1.1\r\nHost: a\r\n${fields}\r\n${content}`);
  const framing = (got: Seen) => [
    valuesOf(got.headers, 'content-length'),
    valuesOf(got.headers, 'transfer-encoding'),
  ];

  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])(
    'keeps Content-Length: %s',
    async (method) => {
      const got = await send(method, 'Content-Length: 5\r\n', 'hello');
      expect(got.body).toBe('hello');
      expect(framing(got)).toEqual([['5'], []]);
    },
  );

  it.each(['GET', 'POST', 'PUT', 'DELETE', 'PATCH', 'OPTIONS'])('keeps chunked: %s', async (method) => {
    const got = await send(method, 'Transfer-Encoding: CHUNKED\r\n', '3\r\nhel\r\n2\r\nlo\r\n0\r\n\r\n');
    expect(got.body).toBe('hello');
    expect(framing(got)).toEqual([[], ['chunked']]);
  });

  it.each(['GET', 'POST', 'PUT', 'DELETE', 'HEAD', 'PATCH'])(
    'adds no framing to none: %s',
    async (method) => {
      expect(framing(await send(method, '', ''))).toEqual([[], []]);
    },
  );

  it('keeps Content-Length: 0', async () => {
    expect(framing(await send('POST', 'Content-Length: 0\r\n', ''))).toEqual([['0'], []]);
  });

  it('drops chunk extensions', async () => {
    const got = await send('POST', 'Transfer-Encoding: chunked\r\n', '5;a=b;c="d"\r\nhello\r\n0;e\r\n\r\n');
    expect(got.body).toBe('hello');
  });

  it('passes trailers on, without those that may not stand there', async () => {
    const trailers = 'X-Sum: 1\r\nHost: b\r\nx-SUM: \xe9\r\nTE: trailers\r\nConnection: x\r\n';
    const got = await send(
      'POST',
      'Transfer-Encoding: chunked\r\nTrailer: X-Sum\r\n',
      `1\r\na\r\n0\r\n${trailers}\r\n`,
    );
    expect(got.trailers).toEqual(['X-Sum', '1', 'X-Sum', '\xe9']);
    expect(valuesOf(got.headers, 'trailer')).toEqual(['X-Sum']);
  });

  it('passes trailers on behind no content', async () => {
    const got = await send('POST', 'Transfer-Encoding: chunked\r\n', '0\r\nX-Sum: 1\r\n\r\n');
    expect(got.trailers).toEqual(['X-Sum', '1']);
  });

  it.each(['Content-Length: 4', 'Transfer-Encoding: chunked'])('sees no trailer %s pass', async (trailer) => {
    seen.length = 0;
    const bytes = `POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n${trailer}\r\nX: y\r\n\r\n`;
    const answer = await new RawClient(pair.port).send(bytes).until('\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 200 /);
    expect(seen[0]?.trailers).toEqual(['X', 'y']);
  });
});

describe('a method', () => {
  it('that nobody here knows is for the origin to know (RFC 9110 §9.1)', async () => {
    const asked: string[] = [];
    const port = await startRawService((socket) => {
      socket.once('data', (bytes) => {
        asked.push(bytes.toString('latin1').split('\r\n')[0] ?? '');
        socket.end('HTTP/1.1 501 x\r\nContent-Length: 0\r\n\r\n');
      });
    });
    const raw = await startPair(port);
    const client = new RawClient(raw.port).send('FOO-BAR /x HTTP/1.1\r\nHost: a\r\n\r\n');
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 501 Not Implemented\r\n/);
    expect(asked).toEqual(['FOO-BAR /x HTTP/1.1']);
  });
});

describe('pipelined requests', () => {
  it('are answered in order', async () => {
    const port = await startService((request, response) => {
      // The first is answered last.
      if (request.url === '/0') setImmediate(() => setImmediate(() => response.end('<0>')));
      else response.end(`<${request.url?.slice(1)}>`);
    });
    const slow = await startPair(port);
    const requests = Array.from({ length: 20 }, (_, at) => `GET /${at} HTTP/1.1\r\nHost: a\r\n\r\n`);
    const answer = await new RawClient(slow.port).send(requests.join('')).until('<19>');
    expect(answer.match(/<\d+>/g)).toEqual(requests.map((_, at) => `<${at}>`));
  });

  it('with content are kept apart', async () => {
    seen.length = 0;
    const one = 'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 3\r\n\r\nabc';
    const two = 'POST /2 HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\ndef\r\n0\r\n\r\n';
    const last = 'GET /3 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const answer = await new RawClient(pair.port).send(one + two + last).untilClosed();
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(3);
    expect(seen.map(({ url, body }) => [url, body])).toEqual([
      ['/1', 'abc'],
      ['/2', 'def'],
      ['/3', ''],
    ]);
  });

  it('behind the last response of a connection have none, and it is closed', async () => {
    const last = 'GET /1 HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';
    const answer = await new RawClient(pair.port).send(`${last}${get('')}${get('')}`).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\nConnection: close\r\n[\s\S]*ok$/);
    expect(answer.match(/HTTP\/1\.1 200 OK/g)).toHaveLength(1);
    expect(pair.front.inFlight).toBe(0);
  });

  it.each([
    ['a tab behind', '1.1', 'close\t'],
    ['a tab before a comma', '1.1', 'x, close\t, y'],
    ['keep-alive beside it, in HTTP/1.0', '1.0', 'keep-alive, close'],
  ])('behind one that says close have none: %s', async (_name, version, options) => {
    const last = `GET / HTTP/${version}\r\nHost: a\r\nConnection: ${options}\r\n\r\n`;
    for (const behind of [get(''), 'z', '\0\r\n']) {
      seen.length = 0;
      const answer = await new RawClient(pair.port).send(`${last}${behind}`).untilClosed();
      expect(answer.match(/HTTP\/1\.1 \d+/g)).toEqual(['HTTP/1.1 200']);
      expect(seen).toHaveLength(1);
    }
  });

  it('behind a trailer that looks like the end of the connection are answered', async () => {
    const chunks = 'Transfer-Encoding: chunked\r\n\r\n0\r\nConnection: close\r\n\r\n';
    const last = get('Connection: close\r\n');
    const client = new RawClient(pair.port).send(`POST / HTTP/1.1\r\nHost: a\r\n${chunks}${last}`);
    expect((await client.untilClosed()).match(/HTTP\/1\.1 200 OK/g)).toHaveLength(2);
    expect(client.ending).toBe('clean');
  });

  it('are read one at a time', async () => {
    const port = await startService(() => {});
    const stuck = await startPair(port);
    new RawClient(stuck.port).send(get('').repeat(2000));
    const client = new RawClient(stuck.port).send(get('').repeat(300));
    await until(() => stuck.front.inFlight === 2);
    await new Promise((resolve) => client.socket.write('', resolve));
    expect(stuck.front.inFlight).toBe(2);
    expect(stuck.tunnel.opened).toBe(2);
  });
});
