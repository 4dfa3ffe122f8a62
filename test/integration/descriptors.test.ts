import { Agent, type RequestListener } from 'node:http';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { exhaustDescriptors, restoreDescriptors } from '../support/descriptors.ts';
import { fetchWhole } from '../support/http-client.ts';
import { clientEnd, origin, serverEnd, tunnel } from './ends.fixture.ts';

const answering: RequestListener = (_request, response) => void response.end('answer');

const launcher: readonly [string, ...string[]] = ['prlimit', '--nofile=160:160'];

describe('descriptors', () => {
  it('are left for more than HTTP/1.1 connections: there may be fewer of those than configured, and it says so', async () => {
    const { port } = await origin(answering);
    const server = await serverEnd(port);
    const client = await clientEnd(server.quicPort, { launcher });
    await client.process.waitForLog(
      /at most 96 HTTP\/1\.1 connections, not 10000 \(max_connections\): only 160 files/,
    );
    await client.process.waitForLog(/tunnel ready/);
    const held = await Promise.all(Array.from({ length: 96 }, () => halfAsked(client.httpPort)));
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(503);
    for (const socket of held) socket.destroy();
    await expect.poll(async () => (await fetchWhole({ port: client.httpPort })).status).toBe(200);
  });

  it('of the client end being used up, goes on with the connections that are there, and takes new ones later', async () => {
    const { port } = await origin(answering);
    const { client } = await tunnel(port);
    const agent = new Agent({ keepAlive: true });
    onTestFinished(() => agent.destroy());
    expect((await fetchWhole({ port: client.httpPort, agent })).status).toBe(200);
    exhaustDescriptors(client.process.pid);
    // It waits in the system's queue, or libuv gives up a descriptor that it has in store, to take it and cut it off.
    const late = fetchWhole({ port: client.httpPort }).then(
      ({ status }) => status,
      (error: NodeJS.ErrnoException) => error.code,
    );
    for (let nth = 0; nth < 20; nth++) {
      expect((await fetchWhole({ port: client.httpPort, agent })).status).toBe(200);
    }
    restoreDescriptors(client.process.pid);
    expect([200, 'ECONNRESET']).toContain(await late);
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(200);
  });

  it('of the server end being used up, answers 502 for want of a connection to the origin, until there are more', async () => {
    const { port } = await origin(
      (_request, response) => void response.writeHead(200, { Connection: 'close' }).end(),
    );
    const { client, server } = await tunnel(port);
    const status = async () => (await fetchWhole({ port: client.httpPort })).status;
    exhaustDescriptors(server.process.pid);
    expect(await status()).toBe(502);
    restoreDescriptors(server.process.pid);
    expect(await status()).toBe(200);
  });
});

// A connection on which a request has begun.
function halfAsked(port: number): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = connect(port, '127.0.0.1', () => socket.write('GET / HT', () => resolve(socket)));
    socket.on('error', reject);
  });
}
