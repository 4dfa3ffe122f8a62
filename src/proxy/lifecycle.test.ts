import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Code } from '../h3/codes.ts';
import type { RequestStreamEvents, StreamFailure } from '../h3/port.ts';
import {
  RawClient,
  startFront,
  startNotingService,
  startPair,
  startRawService,
  startService,
} from './pair.fixture.ts';

const GET = 'GET /p?secret HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';
const SILENT: RequestStreamEvents = {
  onInterim() {},
  onHeaders() {},
  onData() {},
  onTrailers() {},
  onEnd() {},
  onDrain() {},
  onStopped() {},
  onFailed() {},
};

describe('a synthetic response', () => {
  it('says that there is no tunnel, and keeps the connection', async () => {
    const { port, tunnel, log } = await startFront(() => SILENT);
    tunnel.unavailable = 'tunnel not established';
    const client = new RawClient(port).send(GET);
    const answer = await client.until('established');
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\nServer: ptproxy client\r\n/);
    expect(answer).toContain('\r\nContent-Type: text/plain;charset=UTF-8\r\n');
    expect(answer).toContain('\r\nContent-Length: 22\r\n');
    expect(answer).toMatch(/\r\n\r\ntunnel not established$/);
    const id = /\r\nPtproxy-Id: (.*)\r\n/.exec(answer)?.[1];
    const details = { id, status: 503, method: 'GET', path: '/p' };
    expect(log).toEqual([{ level: 'warn', details, message: 'tunnel not established' }]);
    client.send(GET);
    await until(() => client.received.match(/ 503 /g)?.length === 2);
  });

  it('to HEAD has no content', async () => {
    const { port, tunnel } = await startFront(() => SILENT);
    tunnel.unavailable = 'no';
    const client = new RawClient(port).send('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await client.untilClosed()).toMatch(/Content-Length: 2\r\n[\s\S]*\r\n\r\n$/);
  });

  it('says that the origin is down', async () => {
    const pair = await startPair(await closedPort());
    const answer = await new RawClient(pair.port).send(GET).until('connections');
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\nServer: ptproxy server\r\n/);
    expect(answer).toMatch(/the origin refuses connections$/);
  });

  it('says that the connection broke before the response', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    const client = new RawClient(pair.port).send(POST);
    await until(() => pair.tunnel.requests.length === 1);
    pair.tunnel.break();
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(service.seen).toEqual([]);
  });

  it('does not come into the middle of a response', async () => {
    const port = await startService((_request, response) => {
      response.write('begun');
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    pair.tunnel.break();
    expect((await client.untilClosed()).match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(client.received).toMatch(/begun\r\n$/);
  });
});

describe('a request is sent again', () => {
  const untouched: StreamFailure = {
    source: 'remote',
    scope: 'stream',
    code: Code.H3_REQUEST_REJECTED,
    reason: 'rejected',
    untouched: true,
  };
  const fateUnknown: StreamFailure = { ...untouched, code: Code.H3_INTERNAL_ERROR, untouched: false };

  it('when the far end never touched it', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    pair.tunnel.failures.push(untouched, untouched);
    await new RawClient(pair.port).send(GET).until('ok');
    expect(pair.tunnel.opened).toBe(3);
    expect(service.seen).toHaveLength(1);
  });

  it('with its content, when none of it was taken yet', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    pair.tunnel.failures.push(untouched);
    const client = new RawClient(pair.port).send(POST);
    await until(() => pair.tunnel.opened === 2);
    await client.send('hello').until('ok');
    expect(service.seen[0]?.body).toBe('hello');
  });

  it('three times at most', async () => {
    const pair = await startPair((await startNotingService()).port);
    pair.tunnel.failures.push(untouched, untouched, untouched, untouched);
    expect(await new RawClient(pair.port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(pair.tunnel.opened).toBe(4);
  });

  it('never when its fate is unknown', async () => {
    const pair = await startPair((await startNotingService()).port);
    pair.tunnel.failures.push(fateUnknown);
    const answer = await new RawClient(pair.port).send(`${POST}hello`).until('\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(pair.tunnel.opened).toBe(1);
  });

  it('never once some of its content is gone', async () => {
    const { port, tunnel } = await startFront((stream) => ({
      ...SILENT,
      onData: () => stream.cancel(Code.H3_REQUEST_REJECTED),
    }));
    expect(await new RawClient(port).send(`${POST}hel`).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(tunnel.opened).toBe(1);
  });

  it('never to an origin that took it and hung up', async () => {
    let requests = 0;
    const port = await startRawService((socket) => {
      socket.on('data', () => {
        requests++;
        if (requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else socket.destroy();
      });
    });
    const pair = await startPair(port);
    await new RawClient(pair.port).send(GET).until('ok');
    expect(await new RawClient(pair.port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(requests).toBe(2);
  });
});

describe('too slow', () => {
  it('the head of a request: 408', async () => {
    const { port } = await startFront(() => SILENT, { headTimeout: 100 });
    const client = new RawClient(port).send('GET / HTTP/1.1\r\nHost: a\r\n');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('the first byte of a request: closed without a word', async () => {
    const { port } = await startFront(() => SILENT, { headTimeout: 100 });
    expect(await new RawClient(port).untilClosed()).toBe('');
  });

  it('the content of a request: 408, and the origin never sees it whole', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port, { streamIdleTimeout: 100 });
    const client = new RawClient(pair.port).send(`${POST}hel`);
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
    expect(service.seen).toEqual([]);
    await until(() => pair.origin.inFlight === 0);
  });

  it.each([
    ['at the client', { requestTimeout: 100 }, {}, 'client'],
    ['at the server', {}, { requestTimeout: 100 }, 'server'],
  ])('the head of a response, %s: 504', async (_name, front, origin, end) => {
    const pair = await startPair(await startService(() => {}), front, origin);
    const answer = await new RawClient(pair.port).send(GET).until('in time');
    expect(answer).toMatch(/^HTTP\/1\.1 504 Gateway Timeout\r\n/);
    expect(answer).toContain(`Server: ptproxy ${end}`);
    await until(() => pair.origin.inFlight === 0);
  });

  it.each([
    ['at the client', { streamIdleTimeout: 100 }, {}],
    ['at the server', {}, { streamIdleTimeout: 100 }],
  ])('silence before the response, %s: 504', async (_name, front, origin) => {
    const pair = await startPair(await startService(() => {}), front, origin);
    expect(await new RawClient(pair.port).send(GET).until('in time')).toMatch(/^HTTP\/1\.1 504 /);
  });

  it.each([
    ['at the client', { streamIdleTimeout: 100 }, {}],
    ['at the server', {}, { streamIdleTimeout: 100 }],
  ])('silence within the response, %s: cut off', async (_name, front, origin) => {
    const port = await startService((_request, response) => {
      response.write('begun');
    });
    const pair = await startPair(port, front, origin);
    expect(await new RawClient(pair.port).send(GET).untilClosed()).toMatch(/begun\r\n$/);
    await until(() => pair.origin.inFlight === 0 && pair.tunnel.live.size === 0);
  });

  it('a response that keeps coming is not', async () => {
    const port = await startService((_request, response) => {
      let left = 10;
      const timer = setInterval(() => {
        response.write('x');
        if (--left > 0) return;
        clearInterval(timer);
        response.end();
      }, 30);
    });
    const pair = await startPair(port, { streamIdleTimeout: 150 }, { streamIdleTimeout: 150 });
    await new RawClient(pair.port).send(GET).until('\r\n0\r\n\r\n');
  });

  it('a connection to the origin: 504', async () => {
    // Addresses for documentation (RFC 5737): nobody answers.
    const originAddress = { host: '192.0.2.1', port: 80 };
    const pair = await startPair(0, {}, { originAddress, connectTimeout: 100 });
    const answer = await new RawClient(pair.port).send(GET).until('\r\n\r\n');
    // Where there is no route, the system says so at once.
    expect(answer).toMatch(/^HTTP\/1\.1 50[24] /);
  });
});

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

  it('by force cuts everything', async () => {
    const pair = await startPair(await startService((_request, response) => void response.write('begun')));
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    pair.front.destroy();
    pair.origin.destroy();
    await client.untilClosed();
    expect([pair.front.inFlight, pair.origin.inFlight, pair.tunnel.live.size]).toEqual([0, 0, 0]);
  });

  it('frees the port', async () => {
    const { front } = await startFront(() => SILENT);
    await front.close();
    await expect(front.close()).resolves.toBeUndefined();
  });
});

describe('a fault of ours', () => {
  it('ends one request alone', async () => {
    let requests = 0;
    const { port, log } = await startFront((stream) => {
      if (++requests === 1) stream.sendHeaders([':status', '200', 'bad name', 'x'], true);
      else stream.sendHeaders([':status', '204'], true);
      return SILENT;
    });
    expect(await new RawClient(port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(log.map(({ level }) => level)).toEqual(['error', 'warn']);
    expect(await new RawClient(port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 204 /);
  });
});

async function closedPort(): Promise<number> {
  const { createServer } = await import('node:net');
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
