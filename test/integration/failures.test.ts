import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { performance } from 'node:perf_hooks';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fetchWhole, respond, send } from '../support/http-client.ts';
import { diesInBody, hashEcho } from '../support/origin.ts';
import { clientEnd, origin, rawOrigin, serverEnd, tunnel } from './ends.fixture.ts';
import { later } from './later.fixture.ts';
import { closedTcpPort, closedUdpPort } from './ports.fixture.ts';

/** How soon the origin hears that a client went, in ms. */
const CANCELLATION = 100;

describe('without a tunnel', () => {
  it('answers 503 after hold_timeout, saying that the tunnel is not established', async () => {
    const client = await clientEnd(await closedUdpPort(), { config: { system: { hold_timeout: 300 } } });
    const start = performance.now();
    const answer = await fetchWhole({ port: client.httpPort });
    const waited = performance.now() - start;
    expect(answer).toMatchObject({ status: 503, headers: { server: 'ptproxy client' } });
    expect(answer.headers['content-type']).toBe('text/plain;charset=UTF-8');
    expect(answer.body.toString()).toBe('tunnel not established');
    expect(waited).toBeGreaterThan(280);
    expect(waited).toBeLessThan(1300);
    await client.process.waitForLog(new RegExp(`"request":"${answer.headers['x-request-id']}"`));
  });

  it('answers 503 at once when hold_timeout is 0', async () => {
    const client = await clientEnd(await closedUdpPort(), { config: { system: { hold_timeout: 0 } } });
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(503);
  });

  it('lets a held request through when the server end comes up', async () => {
    const { port } = await origin(hashEcho);
    const quicPort = await closedUdpPort();
    const config = { system: { connect_interval: 50, hold_timeout: 15_000 } };
    const client = await clientEnd(quicPort, { config });
    const answer = fetchWhole({ port: client.httpPort, body: 'held' });
    await client.process.waitForLog(/cannot connect/);
    await serverEnd(port, { config: { general: { quic_port: quicPort } } });
    expect((await answer).status).toBe(200);
  });
});

describe('an origin', () => {
  it('that is down becomes 502, and is asked again by the next request', async () => {
    const { client, server } = await tunnel(await closedTcpPort());
    const answer = await fetchWhole({ port: client.httpPort });
    expect(answer).toMatchObject({ status: 502, headers: { server: 'ptproxy server' } });
    await server.process.waitForLog(new RegExp(`"request":"${answer.headers['x-request-id']}"`));
    expect((await fetchWhole({ port: client.httpPort })).status).toBe(502);
  });

  it('that dies in a body of declared length cuts the client off', async () => {
    const { port } = await origin(diesInBody(1_000_000, 500_000));
    const { client } = await tunnel(port);
    await expect(fetchWhole({ port: client.httpPort })).rejects.toThrow('aborted');
  });

  it('that dies in a chunked body cuts the client off before the last chunk', async () => {
    const { port, die } = await dyingInChunks();
    const { client } = await tunnel(port);
    const request = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
    const { bytes, error } = await exchangeRaw(client.httpPort, request, die);
    expect(bytes.toString('latin1')).toMatch(/^HTTP\/1\.1 200 /);
    expect(bytes.toString('latin1')).toContain('\r\n5\r\nhello\r\n');
    expect(bytes.toString('latin1')).not.toContain('\r\n0\r\n');
    expect(error).toBeUndefined();
  });

  it('that dies in a chunked body resets the connection of an HTTP/1.0 client, whose body ends with it', async () => {
    const { port, die } = await dyingInChunks();
    const { client } = await tunnel(port);
    const { error } = await exchangeRaw(client.httpPort, 'GET / HTTP/1.0\r\nHost: a\r\n\r\n', die);
    expect(error).toBe('ECONNRESET');
  });
});

describe('a client', () => {
  it(`that dies in mid-upload has its request destroyed at the origin within ${CANCELLATION} ms`, async () => {
    const gone = later<number>();
    const arrived = later<void>();
    const { port } = await origin((request) => {
      request.once('data', () => arrived.happen());
      request.on('close', () => gone.happen(performance.now()));
      request.on('error', () => undefined);
    });
    const { client } = await tunnel(port);
    const body = new PassThrough();
    body.write('the beginning');
    const request = send({ port: client.httpPort, body });
    await arrived.happened;
    const died = performance.now();
    request.destroy();
    expect((await gone.happened) - died).toBeLessThan(CANCELLATION);
  });

  it(`that dies in mid-download has its request destroyed at the origin within ${CANCELLATION} ms`, async () => {
    const gone = later<number>();
    const { port } = await origin((_request, response) => {
      response.on('close', () => gone.happen(performance.now()));
      response.write('the beginning');
    });
    const { client } = await tunnel(port);
    const response = await respond({ port: client.httpPort });
    response.on('error', () => undefined);
    await once(response, 'data');
    const died = performance.now();
    response.destroy();
    expect((await gone.happened) - died).toBeLessThan(CANCELLATION);
  });
});

/** An origin that cuts its connection between two chunks, when it is told to. */
async function dyingInChunks(): Promise<{ port: number; die: () => void }> {
  const sockets: Socket[] = [];
  const { port } = await rawOrigin((socket) => {
    sockets.push(socket);
    socket.once('data', () => {
      socket.write('HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nhello\r\n');
    });
  });
  const die = (): void => {
    for (const socket of sockets) socket.destroy();
  };
  return { port, die };
}

/** All that comes back on a connection, and how that ended; `onContent` is called when content has come. */
async function exchangeRaw(
  port: number,
  request: string,
  onContent: () => void,
): Promise<{ bytes: Buffer; error: string | undefined }> {
  const socket = connect(port, '127.0.0.1');
  const chunks: Buffer[] = [];
  let error: string | undefined;
  socket.on('data', (chunk: Buffer) => {
    chunks.push(chunk);
    if (Buffer.concat(chunks).includes('hello')) onContent();
  });
  socket.on('error', (cause: NodeJS.ErrnoException) => {
    error = cause.code;
  });
  socket.write(request);
  await new Promise((resolve) => socket.once('close', resolve));
  return { bytes: Buffer.concat(chunks), error };
}
