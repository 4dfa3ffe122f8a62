import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { PassThrough } from 'node:stream';
import { describe, expect, it } from 'vitest';
import { fetchWhole, respond } from '../support/http-client.ts';
import type { CliProcess } from '../support/process.ts';
import { origin, serverEnd, type Tunnel, tunnel } from './ends.fixture.ts';
import { later } from './later.fixture.ts';

const STOPPED = { code: 0, signal: null };

type End = 'client' | 'server';
const ENDS: readonly End[] = ['client', 'server'];

describe('SIGTERM', () => {
  it.each(ENDS)('to the %s end lets a download in flight complete, and exits with 0', async (end) => {
    const { pair, download, finish } = await slowDownload();
    await tellToStop(pair[end].process, 'SIGTERM');
    finish();
    expect(await download).toBe('first second');
    expect(await pair[end].process.exited).toEqual(STOPPED);
    expect(pair[end].process.output).toContain('"msg":"stopped"');
  });

  it.each(ENDS)('to the %s end lets an upload in flight complete, and exits with 0', async (end) => {
    const arrived = later<void>();
    const { port } = await origin((request, response) => {
      request.once('data', () => arrived.happen());
      void text(request).then((body) => response.end(body));
    });
    const pair = await tunnel(port);
    const body = new PassThrough();
    body.write('first ');
    const answer = respond({ port: pair.client.httpPort, body });
    await arrived.happened;
    await tellToStop(pair[end].process, 'SIGTERM');
    body.end('second');
    const response = await answer;
    expect(await text(response)).toBe('first second');
    expect(await pair[end].process.exited).toEqual(STOPPED);
  });

  it.each(ENDS)('to an idle %s end exits with 0', async (end) => {
    const pair = await tunnel(1);
    pair[end].process.signal('SIGTERM');
    expect(await pair[end].process.exited).toEqual(STOPPED);
  });

  it('to the client end closes its port to new requests', async () => {
    const { pair, download, finish } = await slowDownload();
    await tellToStop(pair.client.process, 'SIGTERM');
    await expect(fetchWhole({ port: pair.client.httpPort })).rejects.toThrow('ECONNREFUSED');
    finish();
    await download;
  });

  it('to the server end holds new requests for the one that takes its place', async () => {
    const client = { config: { system: { hold_timeout: 15_000, connect_interval: 50 } } };
    const { pair, originPort, download, finish } = await slowDownload({ client });
    await tellToStop(pair.server.process, 'SIGTERM');
    const held = fetchWhole({ port: pair.client.httpPort, path: '/quick' });
    finish();
    expect(await download).toBe('first second');
    await pair.server.process.exited;
    await serverEnd(originPort, { config: { general: { quic_port: pair.server.quicPort } } });
    expect((await held).body.toString()).toBe('quick');
  });

  it.each(ENDS)('to the %s end cuts what is still in flight after shutdown_timeout', async (end) => {
    const { pair, download } = await slowDownload({
      [end]: { config: { system: { shutdown_timeout: 200 } } },
    });
    pair[end].process.signal('SIGTERM');
    await expect(download).rejects.toThrow('aborted');
    expect(await pair[end].process.exited).toEqual(STOPPED);
    expect(pair[end].process.output).toContain('shutdown_timeout has passed');
  });
});

describe('SIGINT', () => {
  it.each(ENDS)('a second time ends the %s end at once, with 130', async (end) => {
    const { pair, download } = await slowDownload();
    await tellToStop(pair[end].process, 'SIGINT');
    const cut = expect(download).rejects.toThrow();
    pair[end].process.signal('SIGINT');
    expect(await pair[end].process.exited).toEqual({ code: 130, signal: null });
    pair.client.process.signal('SIGKILL');
    await cut;
  });
});

/** Signals, and resolves when the process says that it shuts down. */
async function tellToStop(process: CliProcess, signal: NodeJS.Signals): Promise<void> {
  process.signal(signal);
  await process.waitForLog(/shutting down/);
}

/** A download of which one half has arrived; the other one comes with `finish`. */
async function slowDownload(options: Parameters<typeof tunnel>[1] = {}) {
  const waiting = later<ServerResponse>();
  const { port } = await origin((request, response) => {
    if (request.url === '/quick') response.end('quick');
    else response.write('first ', () => waiting.happen(response));
  });
  const pair: Tunnel = await tunnel(port, options);
  const response = await respond({ port: pair.client.httpPort });
  await once(response, 'readable');
  const download = text(response);
  const held = await waiting.happened;
  return { pair, originPort: port, download, finish: () => held.end('second') };
}

async function text(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = [];
  for await (const chunk of message) chunks.push(chunk as Buffer);
  return Buffer.concat(chunks).toString();
}
