import { once } from 'node:events';
import { Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { describe, expect, it } from 'vitest';
import type { WebSocket } from 'ws';
import { fetchWhole } from '../support/http-client.ts';
import { patternBytes, patternHash, sha256 } from '../support/pattern.ts';
import { tunnel } from './ends.fixture.ts';
import { quiet } from './figures.fixture.ts';
import { bytesOf, closing, dial, message, open, webSocketOrigin } from './websocket.fixture.ts';
import { exchangeMessages, holdManyBesideRequests } from './websocket.scenario.ts';

const SIXTEEN_MB = 16_000_000;
const FOUR_MB = 4_000_000;

/** Both ends of a WebSocket through both ends of a tunnel. */
async function joined() {
  const origin = await webSocketOrigin({ perMessageDeflate: false });
  const ends = await tunnel(origin.port);
  return { origin, ...ends, ...(await open(origin, ends.client.httpPort, { perMessageDeflate: false })) };
}

describe('a WebSocket through both ends', () => {
  it('carries thousands of messages each way at once', async () => {
    await exchangeMessages(1000, quiet);
  });

  it('carries a message of 16 MB each way', async () => {
    const { near, far } = await joined();
    const up = message(far);
    const down = message(near);
    near.send(patternBytes(SIXTEEN_MB, 1));
    far.send(patternBytes(SIXTEEN_MB, 2));
    expect(sha256(await up)).toBe(patternHash(SIXTEEN_MB, 1));
    expect(sha256(await down)).toBe(patternHash(SIXTEEN_MB, 2));
  });

  it('carries ping and pong', async () => {
    const { near, far } = await joined();
    for (const [asking, answering] of [
      [near, far],
      [far, near],
    ] as const) {
      const pinged = once(answering, 'ping');
      const ponged = once(asking, 'pong');
      asking.ping('are you there');
      expect(String((await pinged)[0])).toBe('are you there');
      expect(String((await ponged)[0])).toBe('are you there');
    }
  });

  it.each([
    ['application', 4001, 'enough'],
    ['origin', 4002, 'shutting down'],
  ] as const)('closes with the code and reason of the %s, in good order', async (who, code, reason) => {
    const { near, far } = await joined();
    const [closer, other] = who === 'application' ? [near, far] : [far, near];
    const both = Promise.all([closing(closer), closing(other)]);
    closer.close(code, reason);
    expect(await both).toEqual([
      [code, reason],
      [code, reason],
    ]);
  });

  it('negotiates subprotocol and compression with the origin', async () => {
    const handleProtocols = (offered: Set<string>) => (offered.has('b') ? 'b' : false);
    const perMessageDeflate = { threshold: 0 };
    const origin = await webSocketOrigin({ handleProtocols, perMessageDeflate });
    const { client } = await tunnel(origin.port);
    const { near, far } = await open(origin, client.httpPort, { perMessageDeflate }, ['a', 'b']);
    expect([near.protocol, far.protocol]).toEqual(['b', 'b']);
    expect(near.extensions).toContain('permessage-deflate');
    far.on('message', (data) => far.send(data));
    const text = 'compressible '.repeat(10_000);
    near.send(text);
    expect((await message(near)).toString()).toBe(text);
    expect(origin.requests[0]?.url).toBe('/chat?room=1');
    expect(origin.requests[0]?.headers.host).toBe(`127.0.0.1:${client.httpPort}`);
  });

  it.each(['application', 'origin'] as const)(
    'is noticed to be dead within 200 ms when the %s dies',
    async (who) => {
      for (const die of [terminate, reset]) {
        const { near, far } = await joined();
        const [dying, other] = who === 'application' ? [near, far] : [far, near];
        const noticed = closing(other);
        const start = performance.now();
        die(dying);
        expect((await noticed)[0]).toBe(1006);
        expect(performance.now() - start).toBeLessThan(200);
      }
    },
  );

  it.each([
    [401, { 'WWW-Authenticate': 'Basic' }],
    [426, { Upgrade: 'other' }],
  ])('is refused by the origin with %i, in its own words', async (status, headers) => {
    const origin = await webSocketOrigin({
      verifyClient: (_info, answer) => answer(false, status, 'not you', headers),
    });
    const { client } = await tunnel(origin.port);
    const socket = dial(client.httpPort);
    const [, response] = await once(socket, 'unexpected-response');
    expect(response.statusCode).toBe(status);
    const content = await response.toArray();
    expect(Buffer.concat(content).toString()).toBe('not you');
    expect(response.headers['www-authenticate']).toBe(status === 401 ? 'Basic' : undefined);
  });
});

describe('many WebSockets', () => {
  it('leave every place for requests', async () => {
    await holdManyBesideRequests(120, 200, quiet);
  });

  it('have a limit of their own, over which they are answered 503', async () => {
    const origin = await webSocketOrigin();
    const server = { config: { transport: { max_upgrades: 2, max_concurrent_http_streams: 1 } } };
    const { client } = await tunnel(origin.port, { server });
    const first = await open(origin, client.httpPort);
    await open(origin, client.httpPort);
    const [, response] = await once(dial(client.httpPort), 'unexpected-response');
    expect(response.statusCode).toBe(503);
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(200);
    first.near.close();
    // The server end hears of it a moment later than the two.
    while ((await outcome(dial(client.httpPort))) !== 'open');
  });
});

const ENDS = ['client', 'server'] as const;

describe('an end that is told to stop', () => {
  it.each(ENDS)('closes WebSockets with 1001 to both sides, and ends then: %s', async (end) => {
    const { near, far, ...ends } = await joined();
    const closed = Promise.all([closing(near), closing(far)]);
    ends[end].process.signal('SIGTERM');
    const goodbye = [1001, 'the tunnel shuts down'];
    expect(await closed).toEqual([goodbye, goodbye]);
    expect((await ends[end].process.exited).code).toBe(0);
    expect(ends[end].process.output).not.toContain('shutdown_timeout');
  });

  it.each(ENDS)('lets the messages under way arrive first: %s', async (end) => {
    const { near, far, ...ends } = await joined();
    const [up, down] = [once(far, 'message'), once(near, 'message')];
    const closed = Promise.all([closing(near), closing(far)]);
    near.send(patternBytes(FOUR_MB, 1));
    far.send(patternBytes(FOUR_MB, 2));
    // Some has passed, so that a frame is under way both ways.
    await Promise.all([begun(near), begun(far)]);
    ends[end].process.signal('SIGTERM');
    expect(sha256(bytesOf((await up)[0]))).toBe(patternHash(FOUR_MB, 1));
    expect(sha256(bytesOf((await down)[0]))).toBe(patternHash(FOUR_MB, 2));
    expect((await closed).map(([code]) => code)).toEqual([1001, 1001]);
    expect((await ends[end].process.exited).code).toBe(0);
  });

  it.each(ENDS)('cuts after shutdown_timeout those that do not answer: %s', async (end) => {
    const config = { system: { shutdown_timeout: 600 } };
    const origin = await webSocketOrigin();
    const ends = await tunnel(origin.port, { client: { config }, server: { config } });
    const { near, far } = await open(origin, ends.client.httpPort);
    for (const deaf of [near, far]) deaf.pause();
    const start = performance.now();
    ends[end].process.signal('SIGTERM');
    expect((await ends[end].process.exited).code).toBe(0);
    expect(performance.now() - start).toBeGreaterThan(590);
    expect(ends[end].process.output).toContain('shutdown_timeout has passed');
  });
});

/** Whether a WebSocket opens. */
function outcome(socket: WebSocket): Promise<'open' | 'refused'> {
  return new Promise((resolve) => {
    socket.once('open', () => resolve('open'));
    socket.once('unexpected-response', () => resolve('refused'));
  });
}

/** As when its process is killed: the system closes its socket. */
function terminate(socket: WebSocket): void {
  socket.terminate();
}

/** As when its host loses it. */
function reset(socket: WebSocket): void {
  const under: unknown = Reflect.get(socket, '_socket');
  if (under instanceof Socket) under.resetAndDestroy();
}

/** Resolves when something of what the other end sends has come. */
async function begun(socket: WebSocket): Promise<void> {
  const under: unknown = Reflect.get(socket, '_socket');
  if (under instanceof Socket) await once(under, 'data');
}
