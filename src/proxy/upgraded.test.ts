import { once } from 'node:events';
import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Code } from '../h3/codes.ts';
import { RawClient, until } from './pair.fixture.ts';
import { ASK, joined, start } from './upgrade.fixture.ts';

/** Everything that comes, to the end; rejects when the connection is reset. */
async function drained(socket: Socket): Promise<string> {
  let text = '';
  socket.on('data', (chunk: Buffer | string) => {
    text += chunk.toString('latin1');
  });
  await once(socket, 'end');
  return text;
}

/** Resolves when the connection was reset. */
async function reset(socket: Socket): Promise<void> {
  const [error] = (await once(socket, 'error')) as [NodeJS.ErrnoException];
  expect(error.code).toBe('ECONNRESET');
}

/** Writes until the socket has had enough for a while; gives how much that was. */
async function fill(socket: Socket): Promise<number> {
  const chunk = Buffer.alloc(65_536);
  let written = 0;
  for (;;) {
    written += chunk.length;
    if (socket.write(chunk)) continue;
    const timeout = new Promise<boolean>((resolve) => setTimeout(() => resolve(false), 300));
    if (!(await Promise.race([once(socket, 'drain').then(() => true), timeout]))) return written;
  }
}

describe('an upgraded connection', () => {
  it('is closed by the application for itself', async () => {
    const { client, far, received, pair } = await joined();
    client.end('last');
    await once(far, 'end');
    expect(received().endsWith('last')).toBe(true);
    const rest = drained(client);
    far.write('answer ');
    far.end('to it');
    expect(await rest).toBe('answer to it');
    await until(() => pair.front.inFlight + pair.origin.inFlight + pair.tunnel.live.size === 0);
  });

  it('is closed by the origin for itself', async () => {
    const { client, far, received, pair } = await joined();
    const rest = drained(client);
    far.end('bye');
    expect(await rest).toBe('bye');
    client.end('and more');
    await once(far, 'end');
    expect(received().endsWith('and more')).toBe(true);
    await until(() => pair.front.inFlight + pair.origin.inFlight + pair.tunnel.live.size === 0);
  });

  it('is reset by the application for both', async () => {
    const { client, far, pair } = await joined();
    client.resetAndDestroy();
    await reset(far);
    await until(() => pair.front.inFlight + pair.origin.inFlight + pair.tunnel.live.size === 0);
  });

  it('is reset by the origin for both', async () => {
    const { client, far, pair } = await joined();
    far.resetAndDestroy();
    await reset(client);
    await until(() => pair.front.inFlight + pair.origin.inFlight + pair.tunnel.live.size === 0);
  });

  it('is reset by the origin after the application has closed', async () => {
    const { client, far } = await joined();
    client.end();
    await once(far, 'end');
    far.resetAndDestroy();
    await reset(client);
  });

  it('is reset on both sides when the tunnel goes', async () => {
    const { client, far, pair } = await joined();
    pair.tunnel.break();
    await Promise.all([reset(client), reset(far)]);
    expect(pair.front.inFlight + pair.origin.inFlight).toBe(0);
  });

  it('holds the sender back when nobody reads, either way', async () => {
    const { client, far } = await joined();
    far.pause();
    client.pause();
    // The kernel's buffers, both sockets' and the tunnel's.
    expect(await fill(client)).toBeLessThan(20_000_000);
    expect(await fill(far)).toBeLessThan(20_000_000);
    far.resume();
    client.resume();
    await until(() => far.bytesRead >= client.bytesWritten - 1000 && client.bytesRead >= far.bytesWritten);
  });

  it('is cut when no byte moves for stream_idle_timeout, and not before', async () => {
    const { client, far, pair } = await joined({ streamIdleTimeout: 200 }, { streamIdleTimeout: 10_000 });
    const began = performance.now();
    const ping = setInterval(() => far.write('.'), 20);
    setTimeout(() => clearInterval(ping), 400);
    client.resume();
    await Promise.all([reset(client), reset(far)]);
    expect(performance.now() - began).toBeGreaterThan(550);
    expect(pair.log.map((line) => line.message)).toContain(
      'upgraded connection cut: no byte either way for stream_idle_timeout',
    );
  });

  it("outlives the front's closing, and is cut by its destruction", async () => {
    const { client, far, received, pair } = await joined();
    let closed = false;
    const closing = pair.front.close().then(() => {
      closed = true;
    });
    client.write('still');
    await until(() => received().endsWith('still'));
    far.write('here');
    await once(client, 'data');
    expect(closed).toBe(false);
    pair.front.destroy();
    await Promise.all([reset(client), reset(far), closing]);
  });

  it('is cut when the origin side is destroyed', async () => {
    const { client, far, pair } = await joined();
    pair.origin.destroy();
    await Promise.all([reset(client), reset(far)]);
  });
});

describe('an upgrade not yet answered', () => {
  async function asked(...options: Parameters<typeof start>) {
    const service = await start(...options);
    const client = new RawClient(service.pair.port).send(ASK);
    await until(() => service.received().endsWith('\r\n\r\n'));
    return { ...service, client, far: service.sockets[0] as Socket };
  }

  it('ends at the origin when the application hangs up', async () => {
    const { client, far, pair } = await asked();
    client.socket.destroy();
    await once(far, 'end');
    await until(() => pair.front.inFlight + pair.origin.inFlight + pair.tunnel.live.size === 0);
  });

  it('has the time of request_timeout, at the client end', async () => {
    const { client } = await asked({ requestTimeout: 50 });
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 504 [\s\S]*ptproxy client/);
  });

  it('has the time of request_timeout, at the server end', async () => {
    const { client, far } = await asked({}, { requestTimeout: 50 });
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 504 [\s\S]*ptproxy server/);
    await until(() => far.destroyed || far.readableEnded);
  });

  it('has the time of stream_idle_timeout', async () => {
    const { client } = await asked({}, { streamIdleTimeout: 50 });
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 504 /);
  });

  it('is asked again when the server end provably never saw it', async () => {
    const { pair, received } = await start();
    const failure = { source: 'remote', scope: 'stream', reason: 'going away', untouched: true } as const;
    pair.tunnel.failures.push({ ...failure, code: Code.H3_REQUEST_REJECTED });
    new RawClient(pair.port).send(ASK);
    await until(() => received().endsWith('\r\n\r\n'));
    expect(pair.tunnel.opened).toBe(2);
  });

  it('is not asked again otherwise', async () => {
    const { client, pair } = await asked();
    pair.tunnel.break();
    expect(await client.untilClosed()).toMatch(/^HTTP\/1\.1 502 /);
    expect(pair.tunnel.opened).toBe(1);
  });
});
