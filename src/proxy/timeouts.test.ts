import { describe, expect, it } from 'vitest';
import {
  RawClient,
  SILENT,
  startFront,
  startNotingService,
  startPair,
  startService,
  until,
} from './pair.fixture.ts';

const GET = 'GET /p?secret HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';

describe('too slow', () => {
  it('the head of a request: 408', async () => {
    const { port } = await startFront(() => SILENT, { headTimeout: 100 });
    const client = new RawClient(port).send('GET / HTTP/1.1\r\nHost: a\r\n');
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('the head of a request behind another one: 408', async () => {
    const service = await startNotingService();
    const { port } = await startPair(service.port, { headTimeout: 100 });
    const client = new RawClient(port).send(`${GET}GET / HTTP/1.1\r\n`);
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 200 [\s\S]*HTTP\/1\.1 408 Request Timeout\r\n/);
  });

  it('not a client between two requests', async () => {
    const service = await startNotingService();
    const { port } = await startPair(service.port, { headTimeout: 50 });
    const client = new RawClient(port).send(GET);
    await client.until('ok');
    await new Promise((resolve) => setTimeout(resolve, 150));
    await client.send(GET).until('okHTTP/1.1 200 OK');
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
