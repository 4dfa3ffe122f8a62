/** What is left standing when something goes wrong that should not: real processes, made to fail from inside or outside. */
import { once } from 'node:events';
import { Agent } from 'node:http';
import { connect, type Socket } from 'node:net';
import { setTimeout as pause } from 'node:timers/promises';
import { describe, expect, it, onTestFinished, vi } from 'vitest';
import { type EngineConnection, quiche } from '../../src/quic/native.ts';
import { fetchWhole } from '../support/http-client.ts';
import { clientInProcess, KeptLog } from '../support/in-process.ts';
import { hashEcho } from '../support/origin.ts';
import { clientEnd, origin, serverEnd, tunnel } from './ends.fixture.ts';
import { later } from './later.fixture.ts';

describe('a fault of the QUIC engine', () => {
  it('ends the connection that it came up in, and the next one serves', async () => {
    const { port } = await origin(hashEcho);
    const server = await serverEnd(port);
    const log = new KeptLog();
    const client = await clientInProcess(server.quicPort, { system: { connect_interval: 50 } }, log);
    onTestFinished(() => client.stop());
    await client.ready;
    failOnce();
    // Gives the engine something to do; what becomes of it depends on when that is.
    const cause = fetchWhole({ port: client.httpPort }).catch(() => undefined);
    await log.until(/lost: the QUIC engine failed: broken inside/);
    await cause;
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(200);
  });
});

/** Has the engine throw the next time that it is asked for its state. */
function failOnce(): void {
  const engine: Pick<EngineConnection, 'isDraining'> = Reflect.get(quiche.Connection, 'prototype');
  const { isDraining } = engine;
  engine.isDraining = () => {
    engine.isDraining = isDraining;
    throw new Error('broken inside');
  };
}

/** What has a process run `code` before the program. */
const preloaded = (code: string) => ({
  NODE_OPTIONS: `--import data:text/javascript,${encodeURIComponent(code)}`,
});

describe('an error that nobody has dealt with', () => {
  it.each([
    ['an exception', 'throw error'],
    ['a rejection', 'Promise.reject(error)'],
  ])('ends the process with 1, with its cause in the log: %s', async (_name, action) => {
    const error = `const error = new Error('broken', { cause: new Error('the reason') });`;
    const env = preloaded(`process.on('SIGUSR2', () => { ${error} ${action}; });`);
    const { process } = await serverEnd(1, { env });
    process.signal('SIGUSR2');
    expect(await process.exited).toEqual({ code: 1, signal: null });
    const last = JSON.parse(process.lines.at(-1) ?? '');
    expect(last).toMatchObject({ level: 'error', msg: expect.stringContaining('broken') });
    expect(last.err.stack).toContain('the reason');
  });
});

describe('the end of a process', () => {
  it('is not held up by what is still under way', async () => {
    const { process } = await serverEnd(1, { env: preloaded('setInterval(() => {}, 1000)') });
    expect(await process.stop()).toEqual({ code: 0, signal: null });
  });
});

/** Descriptors that a process may have, and that it cannot raise. A running end has some 25, and one that starts reads many files at once. */
const DESCRIPTORS = 80;
const limited = { launcher: ['prlimit', `--nofile=${DESCRIPTORS}:${DESCRIPTORS}`] as [string, string] };

/** Opens more connections than a process has descriptors, and keeps those that it does not close. */
async function exhaust(port: number): Promise<Socket[]> {
  const sockets = Array.from({ length: 2 * DESCRIPTORS }, () => connect(port, '127.0.0.1'));
  onTestFinished(() => {
    for (const socket of sockets) socket.destroy();
  });
  for (const socket of sockets) socket.on('error', () => {}).resume();
  await Promise.race(sockets.map((socket) => once(socket, 'close')));
  return sockets;
}

describe('a process without descriptors', () => {
  it('as a client end, closes connections that are too many, and serves the next when others have gone', async () => {
    const { port } = await origin(hashEcho);
    const { client } = await tunnel(port, { client: limited });
    const sockets = await exhaust(client.httpPort);
    for (const socket of sockets) socket.destroy();
    await vi.waitFor(
      async () => expect((await fetchWhole({ port: client.httpPort })).status).toBe(200),
      10_000,
    );
  });

  it('as a client end, goes on trying to connect, and does when others have gone', async () => {
    const { port } = await origin(hashEcho);
    const server = await serverEnd(port);
    const config = { system: { connect_interval: 50 } };
    const { process, httpPort } = await clientEnd(server.quicPort, { ...limited, config });
    await process.waitForLog(/tunnel ready/);
    const sockets = await exhaust(httpPort);
    await server.process.stop();
    await process.waitForLog(/no file descriptors left/);
    // What is looked at every two seconds may need one, too.
    await pause(2500);
    await serverEnd(port, { config: { general: { quic_port: server.quicPort } } });
    const seen = process.lines.length;
    for (const socket of sockets) socket.destroy();
    await process.waitForLog(/tunnel ready/, seen);
    expect((await fetchWhole({ port: httpPort })).status).toBe(200);
  });

  it('as a server end, answers 502 to requests that it has no connection for, and others when some have gone', async () => {
    const released = later<void>();
    const { port } = await origin(async (_request, response) => {
      await released.happened;
      response.end();
    });
    const { client } = await tunnel(port, { server: limited });
    const agent = new Agent();
    const statuses = Promise.all(
      Array.from({ length: 90 }, async () => (await fetchWhole({ port: client.httpPort, agent })).status),
    );
    const refused = fetchWhole({ port: client.httpPort, agent });
    expect((await refused).body.toString()).toBe('the server end has no file descriptors left');
    released.happen();
    expect(new Set(await statuses)).toEqual(new Set([200, 502]));
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(200);
  });
});

describe('a clock that jumps', () => {
  const JUMPS = `
    const now = Date.now;
    let jump = 0;
    Date.now = () => now() + jump;
    process.on('SIGUSR2', () => { jump = jump > 0 ? -1e11 : 1e11; });
  `;

  it('by years, back and forth, fails no request', async () => {
    const { port } = await origin(hashEcho);
    const env = preloaded(JUMPS);
    const config = { transport: { max_idle_timeout: 1000, keep_alive_interval: 100 } };
    const { client, server } = await tunnel(port, { client: { env, config }, server: { env, config } });
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    for (let count = 0; count < 20; count++) {
      if (count % 5 === 0) for (const { process } of [client, server]) process.signal('SIGUSR2');
      expect(
        (await fetchWhole({ port: client.httpPort, body: 'x'.repeat(count * 1000), agent })).status,
      ).toBe(200);
    }
  });
});
