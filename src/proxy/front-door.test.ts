import { describe, expect, it } from 'vitest';
import { RawClient, SILENT, startFront, startPair, startService, until } from './pair.fixture.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const REFUSED =
  /^HTTP\/1\.1 503 Service Unavailable\r\n[\s\S]*Connection: close\r\n[\s\S]*too many connections$/;

const line = (path: string): string =>
  `GET ${path} HTTP/1.1\r\nHost: a\r\nX-Long: ${'x'.repeat(1000)}\r\n\r\n`;

describe('more connections than there may be', () => {
  it('with a request each: the next one is answered 503 and closed, until one of them has gone', async () => {
    const { port, tunnel, log } = await startFront(() => SILENT, { maxConnections: 2 });
    const [first] = [new RawClient(port).send(GET), new RawClient(port).send(GET)];
    await until(() => tunnel.opened === 2);
    for (let nth = 0; nth < 3; nth++) {
      expect(await new RawClient(port).send(GET).untilClosed()).toMatch(REFUSED);
    }
    expect(log.filter(({ message }) => message.includes('max_connections'))).toHaveLength(1);
    first?.socket.destroy();
    await until(() => tunnel.live.size === 1);
    new RawClient(port).send(GET);
    await until(() => tunnel.opened === 3);
  });

  it('with none: the longest idle one is closed, and those with a request stay', async () => {
    const service = await startService((request, response) => {
      if (request.url !== '/slow') response.end('done');
    });
    const { port, origin } = await startPair(service, { maxConnections: 3 });
    const busy = new RawClient(port).send('GET /slow HTTP/1.1\r\nHost: a\r\n\r\n');
    await until(() => origin.inFlight === 1);
    const longest = new RawClient(port).send(GET);
    await longest.until('done');
    const shorter = new RawClient(port).send(GET);
    await shorter.until('done');
    expect(await new RawClient(port).send(GET).until('done')).toMatch(/^HTTP\/1\.1 200 /);
    expect(await longest.untilClosed()).toMatch(/done/);
    expect(shorter.ending).toBeUndefined();
    expect(busy.received).toBe('');
  });

  it('that have begun a request do not make room, and are not kept either', async () => {
    const { port } = await startFront(() => SILENT, { maxConnections: 2, headTimeout: 500 });
    const slow = [new RawClient(port).send('GET'), new RawClient(port).send('GET')];
    const next = new RawClient(port).send(GET);
    expect(await next.untilClosed()).toMatch(REFUSED);
    for (const client of slow) expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 408 /);
  });

  it('by hundreds are cut off, so that being refused costs little', async () => {
    const { port } = await startFront(() => SILENT, { maxConnections: 1, headTimeout: 60_000 });
    const clients = Array.from({ length: 400 }, () => new RawClient(port).send('G'));
    await until(() => clients.filter(({ ending }) => ending !== undefined).length === 400 - 1 - 256);
  });
});

describe('requests that are pipelined', () => {
  it('by tens of thousands are left in the socket while those before them wait', async () => {
    const { port, tunnel, front } = await startFront(() => SILENT);
    const client = new RawClient(port).send(GET.repeat(700_000));
    await until(() => tunnel.opened === 1);
    // Much more than what a read brings would have come by then.
    for (let turn = 0; turn < 200; turn++) await new Promise((resolve) => setImmediate(resolve));
    expect(client.socket.writableLength).toBeGreaterThan(0);
    expect(front.inFlight).toBeLessThanOrEqual(257);
  });

  it('and are more than wait at a time are all answered, in their order', async () => {
    const service = await startService((request, response) => void response.end(`<${request.url}>`));
    const { port } = await startPair(service);
    const client = new RawClient(port);
    const paths = Array.from({ length: 2000 }, (_, nth) => `/${nth}`);
    client.send(paths.map(line).join(''));
    const answer = await client.until('</1999>');
    expect([...answer.matchAll(/<(\/\d+)>/g)].map(([, path]) => path)).toEqual(paths);
  });
});
