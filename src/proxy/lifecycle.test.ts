import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { MemoryStream } from './memory-tunnel.fixture.ts';
import {
  RawClient,
  SILENT,
  startFront,
  startPair,
  startRawService,
  startService,
  until,
} from './pair.fixture.ts';

const GET = 'GET /p?secret HTTP/1.1\r\nHost: a\r\n\r\n';

describe('connections to the origin', () => {
  it('are kept for the next request', async () => {
    const { port, sockets } = await countingService('');
    const pair = await startPair(port);
    for (let count = 0; count < 3; count++) await new RawClient(pair.port).send(GET).until('ok');
    expect(sockets).toHaveLength(1);
  });

  it.each(['Connection: close\r\n', 'Keep-Alive: timeout=1\r\n', 'Keep-Alive: max=5, timeout=0\r\n'])(
    'are not kept against %j',
    async (field) => {
      const { port, sockets } = await countingService(field);
      const pair = await startPair(port);
      for (let count = 1; count <= 2; count++) {
        await new RawClient(pair.port).send(GET).until('ok');
        await until(() => sockets.every((socket) => socket.destroyed));
        expect(sockets).toHaveLength(count);
      }
    },
  );

  async function countingService(field: string) {
    const sockets: Socket[] = [];
    const port = await startRawService((socket) => {
      sockets.push(socket);
      socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${field}Content-Length: 2\r\n\r\nok`));
    });
    return { port, sockets };
  }
});

describe('closing', () => {
  it('lets what is in flight end, closes what is idle, and takes nothing new', async () => {
    const answers: (() => void)[] = [];
    const port = await startService((request, response) => {
      if (request.url === '/slow') answers.push(() => response.end('slow'));
      else response.end('ok');
    });
    const pair = await startPair(port);
    const idle = new RawClient(pair.port).send(GET);
    await idle.until('ok');
    const busy = new RawClient(pair.port).send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => answers.length === 1);
    let isClosed = false;
    const closed = pair.front.close().then(() => {
      isClosed = true;
    });
    await idle.untilClosed();
    expect(isClosed).toBe(false);
    const late = new RawClient(pair.port);
    await late.untilClosed();
    expect(late.ending).toBe('reset');
    answers[0]?.();
    expect(await busy.untilClosed()).toMatch(/\r\nConnection: close\r\n[\s\S]*slow$/);
    await closed;
    await pair.origin.close();
    expect([pair.front.inFlight, pair.origin.inFlight]).toEqual([0, 0]);
  });

  it('ends a connection whose response had begun as if it would stay', async () => {
    let finish = () => {};
    const port = await startService((_request, response) => {
      response.write('begun');
      finish = () => response.end();
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    const closed = pair.front.close();
    finish();
    expect(await client.untilClosed()).toMatch(/begun\r\n0\r\n\r\n$/);
    await closed;
  });

  it('of the origin waits for what is in flight', async () => {
    let finish = () => {};
    const port = await startService((_request, response) => {
      response.write('begun');
      finish = () => response.end();
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    const closed = pair.origin.close();
    expect(pair.origin.inFlight).toBe(1);
    finish();
    await closed;
    await client.until('\r\n0\r\n\r\n');
  });

  it('of an idle origin does not cut a request that comes right behind', async () => {
    const pair = await startPair(await startService((_request, response) => void response.end('ok')));
    const heard: string[] = [];
    const client = new MemoryStream('client', 0, pair.tunnel);
    const server = new MemoryStream('server', 0, pair.tunnel);
    client.connect(server, { ...SILENT, onHeaders: ([, status = '']) => heard.push(status) });
    server.connect(client, undefined);
    const closed = pair.origin.close();
    const fields = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'];
    pair.tunnel.accept(server, fields).onEnd();
    await closed;
    await until(() => heard.length > 0);
    expect(heard).toEqual(['200']);
  });

  it('by force cuts everything', async () => {
    const pair = await startPair(await startService((_request, response) => void response.write('begun')));
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    pair.front.destroy();
    pair.origin.destroy();
    await client.untilClosed();
    expect([pair.front.inFlight, pair.origin.inFlight, pair.tunnel.live.size]).toEqual([0, 0, 0]);
  });

  it('does not wait for clients that never ask', async () => {
    const { port, front } = await startFront(() => SILENT);
    const client = new RawClient(port);
    await new Promise((resolve) => client.socket.once('ready', resolve));
    await until(() => client.socket.readyState === 'open');
    await front.close();
    expect(await client.untilClosed()).toBe('');
  });

  it('answers a client that has just connected, and one that asks again', async () => {
    const pair = await startPair(await startService((_request, response) => response.end('ok')));
    const fresh = new RawClient(pair.port);
    await new Promise((resolve) => fresh.socket.once('ready', resolve));
    // Accepted behind the other one.
    const kept = new RawClient(pair.port).send(GET);
    await kept.until('ok');
    const closed = pair.front.close();
    kept.send(GET);
    fresh.send(GET);
    expect(await kept.untilClosed()).toMatch(/ok[\s\S]*Connection: close\r\n[\s\S]*ok$/);
    expect(await fresh.untilClosed()).toMatch(/Connection: close\r\n[\s\S]*ok$/);
    await closed;
  });

  it('lets a request take its time whose head was half there', async () => {
    const answers: (() => void)[] = [];
    const port = await startService((_request, response) => answers.push(() => response.end('done')));
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send('GET / HTTP/1.1\r\nHost');
    await until(() => client.socket.bytesWritten > 0);
    // Accepted behind the other one.
    const other = new RawClient(pair.port).send(GET);
    await until(() => answers.length === 1);
    const closed = pair.front.close();
    client.send(': a\r\n\r\n');
    await until(() => answers.length === 2);
    // More than a connection would be kept that sends no more.
    await new Promise((resolve) => setTimeout(resolve, 2200));
    for (const answer of answers) answer();
    expect(await client.untilClosed()).toMatch(/done$/);
    expect(await other.untilClosed()).toMatch(/done$/);
    await closed;
  });

  it('answers a request whose head is half there', async () => {
    const port = await startService((_request, response) => response.end('ok'));
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(GET);
    await client.until('ok');
    client.send('GET /2 HTTP/1.1\r\nHost');
    await new Promise((resolve) => setTimeout(resolve, 20));
    const closed = pair.front.close();
    client.send(': a\r\n\r\n');
    expect(await client.untilClosed()).toMatch(/ok[\s\S]*Connection: close\r\n[\s\S]*ok$/);
    await closed;
  });

  it('twice is the same', async () => {
    const { front } = await startFront(() => SILENT);
    expect(front.close()).toBe(front.close());
    await front.close();
  });
});
