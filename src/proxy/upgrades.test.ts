import { describe, expect, it } from 'vitest';
import { RawClient, startNotingService, startPair, until } from './pair.fixture.ts';
import { ASK, type Service, SWITCHED, start } from './upgrade.fixture.ts';
import { acceptOf } from './upgrade.ts';

// RFC 6455 §1.3
const KEY = 'dGhlIHNhbXBsZSBub25jZQ==';
const ACCEPT = 's3pPLMBiTxaQ9kYGzzhZRbK+xOo=';
const WEBSOCKET = `GET / HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: WebSocket\r\nSec-WebSocket-Key: ${KEY}\r\nSec-WebSocket-Version: 13\r\n\r\n`;

/** Starts a service that answers each connection's first bytes so; gives what a client is answered. */
async function answered(answer: string, ask = ASK): Promise<{ answer: string; service: Service }> {
  const service = await start();
  const client = new RawClient(service.pair.port).send(ask);
  await until(() => service.sockets.length > 0);
  service.sockets[0]?.end(answer, 'latin1');
  return { answer: await client.untilClosed(), service };
}

describe('an upgrade', () => {
  it('is extended CONNECT in the tunnel and an Upgrade outside', async () => {
    const { pair, received, sockets } = await start();
    const client = new RawClient(pair.port).send(ASK);
    await until(() => received().endsWith('\r\n\r\n'));
    expect(pair.tunnel.requests).toEqual([
      [
        ':method',
        'CONNECT',
        ':protocol',
        'echo/1',
        ':scheme',
        'http',
        ':authority',
        'a:1',
        ':path',
        '/chat?x',
      ].concat('x-a', '1'),
    ]);
    expect(received()).toBe(
      'GET /chat?x HTTP/1.1\r\nHost: a:1\r\nX-A: 1\r\nX-Request-Id: memory00-0\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\n',
    );
    sockets[0]?.write(SWITCHED);
    expect(await client.until('\r\n\r\n')).toBe(
      'HTTP/1.1 101 Switching Protocols\r\nX-B: 2\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\n\r\n',
    );
  });

  it('carries bytes both ways, those behind the two heads too', async () => {
    const { pair, received, sockets } = await start();
    const client = new RawClient(pair.port).send(`${ASK}early`);
    await until(() => received().endsWith('\r\n\r\n'));
    client.send(' more');
    await until(() => client.socket.bytesWritten > ASK.length + 5);
    sockets[0]?.write(`${SWITCHED}first`);
    await client.until('first');
    await until(() => received().endsWith('\r\n\r\nearly more'));
    sockets[0]?.write('second\xff\0', 'latin1');
    await client.until('firstsecond\xff\0');
    client.send('third');
    await until(() => received().endsWith('morethird'));
  });

  it('gives the origin nothing before its 101', async () => {
    const { pair, received, sockets } = await start();
    const client = new RawClient(pair.port).send(`${ASK}early`);
    await until(() => received().endsWith('\r\n\r\n'));
    sockets[0]?.write('HTTP/1.1 103 Early Hints\r\nLink: </a>\r\n\r\n');
    await client.until('103 Early Hints');
    expect(received()).not.toContain('early');
    sockets[0]?.write(SWITCHED);
    await until(() => received().endsWith('early'));
  });

  it('adds Forwarded at the client end', async () => {
    const { pair, received } = await start({ addForwarded: true });
    new RawClient(pair.port).send(ASK);
    await until(() => received().endsWith('\r\n\r\n'));
    expect(received()).toMatch(/\r\nForwarded: for="127\.0\.0\.1:\d+";by="127\.0\.0\.1:\d+";proto=http\r\n/);
  });
});

describe('an upgrade behind other requests', () => {
  it('has its turn', async () => {
    const { pair, sockets, received } = await start();
    const client = new RawClient(pair.port).send(`GET /1 HTTP/1.1\r\nHost: a\r\n\r\n${ASK}early`);
    await until(() => sockets.length === 1 && received().endsWith('\r\n\r\n'));
    sockets[0]?.write('HTTP/1.1 204 x\r\nConnection: close\r\n\r\n');
    await client.until('204 No Content');
    await until(() => received().endsWith('Upgrade: echo/1\r\n\r\n'));
    sockets.at(-1)?.write(SWITCHED);
    await client.until('101 Switching Protocols');
    await until(() => received().endsWith('early'));
  });
});

describe('a WebSocket', () => {
  it('has a handshake of its own at each end', async () => {
    const { pair, received, sockets } = await start();
    const client = new RawClient(pair.port).send(WEBSOCKET);
    await until(() => received().endsWith('\r\n\r\n'));
    expect(pair.tunnel.requests[0]?.join(' ')).not.toContain('sec-websocket-key');
    const key = /\r\nSec-Websocket-Key: (.*)\r\n/.exec(received())?.[1] ?? '';
    expect(Buffer.from(key, 'base64')).toHaveLength(16);
    expect(key).not.toBe(KEY);
    sockets[0]?.write(
      `HTTP/1.1 101 x\r\nConnection: upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Accept: ${acceptOf(key)}\r\nSec-WebSocket-Protocol: b\r\n\r\n`,
    );
    const head = await client.until('\r\n\r\n');
    expect(head.match(/Sec-Websocket-Accept: .*/gi)).toEqual([`Sec-Websocket-Accept: ${ACCEPT}`]);
    expect(head).toContain('\r\nUpgrade: WebSocket\r\n');
    expect(head).toContain('\r\nSec-Websocket-Protocol: b\r\n');
  });

  it.each([
    ['no key', WEBSOCKET.replace(/Sec-WebSocket-Key: .*\r\n/, '')],
    ['a key that is too short', WEBSOCKET.replace(KEY, 'dGhl')],
    ['two keys', WEBSOCKET.replace('\r\n\r\n', `\r\nSec-WebSocket-Key: ${KEY}\r\n\r\n`)],
  ])('is refused with %s', async (_name, bytes) => {
    const { pair } = await start();
    expect(await new RawClient(pair.port).send(bytes).untilClosed()).toMatch(
      /^HTTP\/1\.1 400 .*Sec-WebSocket-Key$/s,
    );
    expect(pair.tunnel.requests).toEqual([]);
  });

  it('is not opened when the origin gives no proof', async () => {
    const head = 'HTTP/1.1 101 x\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n';
    const { answer } = await answered(`${head}Sec-WebSocket-Accept: ${ACCEPT}\r\n\r\n`, WEBSOCKET);
    expect(answer).toMatch(/^HTTP\/1\.1 502 .*handshake is wrong$/s);
  });
});

describe('an origin that does not upgrade', () => {
  it.each([
    ['another protocol', SWITCHED.replace('echo/1', 'other')],
    ['two protocols', SWITCHED.replace('echo/1', 'echo/1, other')],
    ['no protocol', SWITCHED.replace('Upgrade: echo/1\r\n', '')],
    ['no Connection', SWITCHED.replace('Connection: Upgrade\r\n', '')],
    ['a success that is none', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'],
    ['nonsense', 'HTTP/1.1 101\0\r\n\r\n'],
    ['nothing', ''],
  ])('is answered for with 502 when it says %s', async (_name, bytes) => {
    const { answer, service } = await answered(bytes);
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\nServer: ptproxy server\r\n/);
    await until(() => service.sockets[0]?.destroyed === true);
    expect(service.pair.origin.inFlight + service.pair.front.inFlight).toBe(0);
  });

  it.each([
    ['with a length', 'Content-Length: 4\r\n\r\nno!\n', 'Content-Length: 4\r\n', 'no!\n'],
    [
      'chunked, with trailers',
      'Transfer-Encoding: chunked\r\n\r\n2\r\nno\r\n0\r\nX-T: 1\r\n\r\n',
      'Transfer-Encoding: chunked\r\n',
      '2\r\nno\r\n0\r\nX-T: 1\r\n\r\n',
    ],
    ['empty', 'Content-Length: 0\r\n\r\n', 'Content-Length: 0\r\n', '\r\n\r\n'],
  ])('has its response passed on, %s', async (_name, rest, field, content) => {
    const { answer } = await answered(`HTTP/1.1 426 x\r\nUpgrade: other\r\nX-B: 2\r\n${rest}`, `${ASK}early`);
    expect(answer).toMatch(/^HTTP\/1\.1 426 Upgrade Required\r\nX-B: 2\r\n/);
    expect(answer).toContain(field);
    expect(answer).toContain('Connection: close\r\n');
    expect(answer.endsWith(content)).toBe(true);
  });

  it('never sees what came early', async () => {
    const { service } = await answered('HTTP/1.1 401 x\r\nContent-Length: 0\r\n\r\n', `${ASK}early`);
    expect(service.received()).not.toContain('early');
  });

  it('and breaks off in mid-response breaks the client off', async () => {
    const { answer } = await answered('HTTP/1.1 403 x\r\nContent-Length: 9\r\n\r\nabc');
    expect(answer).toMatch(/^HTTP\/1\.1 403 [\s\S]*\r\n\r\nabc$/);
  });
});

describe('a request that cannot be upgraded', () => {
  const asking = (start: string, more = '') =>
    `${start} HTTP/1.1\r\nHost: a\r\nConnection: Upgrade\r\n${more}`;

  it.each([
    ['h2c', asking('GET /', 'Upgrade: h2c\r\n\r\n'), ''],
    ['TLS and HTTP', asking('GET /', 'Upgrade: TLS/1.2, HTTP/2.0\r\n\r\n'), ''],
    ['nothing that is a protocol', asking('GET /', 'Upgrade: a b, ,/\r\n\r\n'), ''],
    ['POST with content', asking('POST /', 'Upgrade: echo\r\nContent-Length: 3\r\n\r\nabc'), 'abc'],
    ['GET with content', asking('GET /', 'Upgrade: echo\r\nContent-Length: 3\r\n\r\nabc'), 'abc'],
    [
      'chunked',
      asking('GET /', 'Upgrade: echo\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\n\r\n'),
      'abc',
    ],
    ['HTTP/1.0', 'GET / HTTP/1.0\r\nHost: a\r\nConnection: Upgrade\r\nUpgrade: echo\r\n\r\n', ''],
    ['no Connection that names Upgrade', 'GET / HTTP/1.1\r\nHost: a\r\nUpgrade: echo\r\n\r\n', ''],
  ])('goes on as if it had not asked: %s', async (_name, bytes, body) => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    const answer = await new RawClient(pair.port)
      .send(`${bytes}GET /next HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`)
      .untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
    const isLast = bytes.includes('HTTP/1.0');
    expect(service.seen.map((seen) => [seen.url, seen.body])).toEqual(
      isLast
        ? [['/', body]]
        : [
            ['/', body],
            ['/next', ''],
          ],
    );
    expect(service.seen[0]?.headers.join(' ')).not.toContain('pgrade');
  });

  it('is told when there is no tunnel', async () => {
    const { pair } = await start();
    pair.tunnel.unavailable = 'tunnel not established';
    const answer = await new RawClient(pair.port).send(ASK).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 503 [\s\S]*tunnel not established$/);
  });

  it('has wrong fields like any other', async () => {
    const { pair } = await start();
    const answer = await new RawClient(pair.port).send(ASK.replace('Host: a:1\r\n', '')).untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*no Host$/);
  });
});
