import { once } from 'node:events';
import type { ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import {
  contentOf,
  RawClient,
  startCannedService,
  startNotingService,
  startPair,
  startRawService,
  startService,
  until,
  valuesOf,
} from './pair.fixture.ts';

const MEGABYTE = 2 ** 20;

describe('content', () => {
  it('of 20 MB goes both ways unchanged', async () => {
    const port = await startService((request, response) => request.pipe(response));
    const pair = await startPair(port);
    const block = Array.from({ length: 65_537 }, (_, at) => String.fromCharCode((at * 7) % 256)).join('');
    const blocks = 320;
    const head = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${block.length * blocks}\r\n\r\n`;
    const client = new RawClient(pair.port).send(head);
    for (let sent = 0; sent < blocks; sent++) client.send(block);
    const answer = await client.untilClosed();
    const chunks = answer.slice(answer.indexOf('\r\n\r\n') + 4);
    expect(unchunk(chunks)).toBe(block.repeat(blocks));
  });

  it('in chunks of a byte passes, also when it is held back', async () => {
    const port = await startService((request, response) => {
      setTimeout(() => request.on('data', () => {}).on('end', () => response.end('ok')), 50);
    });
    const pair = await startPair(port);
    const head = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n';
    await new RawClient(pair.port).send(`${head}${'1\r\na\r\n'.repeat(50_000)}0\r\n\r\n`).until('ok');
  });

  it('comes back while it is still being sent', async () => {
    const port = await startService((request, response) => request.pipe(response));
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(
      'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n',
    );
    for (const word of ['one', 'two', 'three']) {
      client.send(`${word.length}\r\n${word}\r\n`);
      await client.until(word);
    }
    client.send('0\r\n\r\n');
    await client.until('\r\n0\r\n\r\n');
  });

  it('that nobody reads is not taken from the client', async () => {
    const port = await startRawService((socket) => socket.pause());
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n',
    );
    const taken = await takenFrom(client.socket);
    expect(taken).toBeLessThan(64 * MEGABYTE);
    expect(pair.front.inFlight).toBe(1);
  });

  it('that the client does not read is not taken from the origin', async () => {
    const sockets: Socket[] = [];
    const port = await startRawService((socket) => {
      sockets.push(socket);
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 1000000000\r\n\r\n'));
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('\r\n\r\n');
    client.socket.pause();
    expect(await takenFrom(sockets[0] as Socket)).toBeLessThan(64 * MEGABYTE);
  });

  // Writes until nothing is taken for a while; gives how much was.
  async function takenFrom(socket: Socket): Promise<number> {
    const block = Buffer.alloc(MEGABYTE);
    for (let taken = 0; ; taken += block.length) {
      const stuck = new Promise<'stuck'>((resolve) => setTimeout(() => resolve('stuck'), 500));
      const written = new Promise<'written'>((resolve) => socket.write(block, () => resolve('written')));
      if ((await Promise.race([stuck, written])) === 'stuck' || taken > 200 * MEGABYTE) return taken;
    }
  }

  it('that comes behind its head leaves the bytes of that as they are', async () => {
    const answer = 'HTTP/1.1 200 OK\r\nX: \xe4\xff\r\nContent-Length: 1\r\n\r\n';
    const pair = await startPair(await startCannedService(answer, 'stay'));
    const head = await new RawClient(pair.port).send('GET / HTTP/1.1\r\nHost: a\r\n\r\n').until('\r\n\r\n');
    expect(head).toContain('\r\nX: \xe4\xff\r\n');
  });
});

describe('an early response', () => {
  it('is delivered while the request is still coming, and stops it', async () => {
    const port = await startService((_request, response) => {
      response.writeHead(413, { 'Content-Length': 3 });
      response.end('big');
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000000\r\n\r\n',
    );
    client.send('x'.repeat(1000));
    expect(await client.until('big')).toMatch(/^HTTP\/1\.1 413 /);
    await until(() => pair.tunnel.live.size === 0 && pair.origin.inFlight === 0);
    // The client may finish what it sends, and use the connection again.
    expect(client.ending).toBeUndefined();
  });

  it('leaves the connection usable once the request is complete', async () => {
    const port = await startService((request, response) => response.end(`<${request.url}>`));
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(
      'POST /1 HTTP/1.1\r\nHost: a\r\nContent-Length: 6\r\n\r\nabc',
    );
    await client.until('</1>');
    client.send('defGET /2 HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('</2>');
  });

  it('reaches a client that closes only when it has sent everything', async () => {
    const port = await startService((_request, response) => {
      response.writeHead(413, { 'Content-Length': 3 });
      response.end('big');
    });
    const pair = await startPair(port);
    const size = 20 * MEGABYTE;
    const client = new RawClient(pair.port);
    client.socket.pause();
    client.send(`POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${size}\r\n\r\n`);
    await new Promise((resolve) => client.socket.write(Buffer.alloc(size), resolve));
    client.socket.resume();
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 413 [\s\S]*big$/);
    expect(client.ending).toBe('clean');
  });
});

describe('Expect: 100-continue', () => {
  const HEAD = 'POST / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n';

  it('is answered by the origin', async () => {
    const port = await startService((request, response) => {
      expect(valuesOf(request.rawHeaders, 'expect')).toEqual(['100-continue']);
      response.writeContinue();
      contentOf(request).then(
        (content) => response.end(`<${content}>`),
        () => {},
      );
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(HEAD);
    expect(await client.until('\r\n\r\n')).toBe('HTTP/1.1 100 Continue\r\n\r\n');
    client.send('hello');
    expect(await client.until('<hello>')).toContain('\r\nConnection: keep-alive\r\n');
  });

  it('is answered 417 when the origin says so, and nothing is sent', async () => {
    const port = await startService((_request, response) => {
      response.writeHead(417, { 'Content-Length': 0 });
      response.end();
    });
    const pair = await startPair(port);
    expect(await new RawClient(pair.port).send(HEAD).untilClosed()).toMatch(/^HTTP\/1\.1 417 /);
  });

  it('with a final answer instead ends the connection, as the content may come or not', async () => {
    const port = await startService((_request, response) => void response.end('no'));
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(HEAD);
    expect(await client.until('no')).toContain('\r\nConnection: close\r\n');
    const answer = await client.send('helloGET /next HTTP/1.1\r\nHost: a\r\n\r\n').untilClosed();
    expect(answer.match(/HTTP\/1\.1 200/g)).toHaveLength(1);
  });

  it('without content stays without', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    await new RawClient(pair.port)
      .send('GET / HTTP/1.1\r\nHost: a\r\nExpect: 100-continue\r\n\r\n')
      .until('ok');
    expect(service.seen[0]?.headers).toEqual([
      'Host',
      'a',
      'Expect',
      '100-continue',
      'Connection',
      'keep-alive',
    ]);
  });

  it('means nothing in HTTP/1.0', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    await new RawClient(pair.port).send(`${HEAD.replace('1.1', '1.0')}hello`).untilClosed();
    expect(valuesOf(service.seen[0]?.headers ?? [], 'expect')).toEqual([]);
  });
});

describe('server-sent events', () => {
  it('come without delay, the head before the first', async () => {
    const responses: ServerResponse[] = [];
    const port = await startService((_request, response) => {
      response.writeHead(200, { 'Content-Type': 'text/event-stream' });
      response.flushHeaders();
      responses.push(response);
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    await client.until('\r\n\r\n');
    for (const event of ['data: 1\n\n', 'data: 2\n\n']) {
      responses[0]?.write(event);
      await client.until(event);
    }
  });
});

describe('a client that hangs up', () => {
  it.each(['end', 'resetAndDestroy'] as const)('with %s ends the request at the origin', async (how) => {
    const origin = await startWaitingOrigin();
    const pair = await startPair(origin.port);
    const client = new RawClient(pair.port).send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const socket = await origin.asked;
    const start = performance.now();
    client.socket[how]();
    await once(socket, 'close');
    expect(performance.now() - start).toBeLessThan(100);
    expect([pair.front.inFlight, pair.origin.inFlight, pair.tunnel.live.size]).toEqual([0, 0, 0]);
  });

  it('in mid-upload ends the request at the origin', async () => {
    const origin = await startWaitingOrigin();
    const pair = await startPair(origin.port);
    const client = new RawClient(pair.port).send(
      'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 9\r\n\r\nabc',
    );
    const socket = await origin.asked;
    client.socket.destroy();
    await once(socket, 'close');
    expect(pair.front.inFlight).toBe(0);
  });

  it('in mid-response ends the request at the origin', async () => {
    const origin = await startWaitingOrigin();
    const pair = await startPair(origin.port);
    const client = new RawClient(pair.port).send('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
    const socket = await origin.asked;
    socket.write('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc');
    await client.until('abc');
    client.socket.destroy();
    await once(socket, 'close');
    expect(pair.origin.inFlight).toBe(0);
  });

  it('one way only does not see a clean end of half a response', async () => {
    const origin = await startWaitingOrigin();
    const pair = await startPair(origin.port);
    const client = new RawClient(pair.port);
    client.socket.allowHalfOpen = true;
    client.send('GET / HTTP/1.0\r\nHost: a\r\n\r\n');
    (await origin.asked).write('HTTP/1.1 200 OK\r\n\r\nabc');
    await client.until('abc');
    client.socket.end();
    await client.untilClosed();
    expect(client.ending).toBe('reset');
  });

  async function startWaitingOrigin() {
    let tell: (socket: Socket) => void = () => {};
    const asked = new Promise<Socket>((resolve) => {
      tell = resolve;
    });
    const port = await startRawService((socket) => socket.once('data', () => tell(socket)));
    return { port, asked };
  }
});

function unchunk(text: string): string {
  let content = '';
  let at = 0;
  for (;;) {
    const lineEnd = text.indexOf('\r\n', at);
    const size = Number.parseInt(text.slice(at, lineEnd), 16);
    if (size === 0) return content;
    content += text.slice(lineEnd + 2, lineEnd + 2 + size);
    at = lineEnd + 4 + size;
  }
}
