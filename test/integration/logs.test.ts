/** What logs hold, how fast they grow, and what happens when they cannot be written: with real processes. */
import { createSocket } from 'node:dgram';
import { readFileSync, writeFileSync } from 'node:fs';
import { Agent } from 'node:http';
import { connect } from 'node:net';
import { join } from 'node:path';
import { parse, stringify } from 'smol-toml';
import { describe, expect, it, onTestFinished } from 'vitest';
import { CLIENT_NAME, SERVER_NAME, sharedPki, temporaryFolder } from '../support/certificates.ts';
import { fetchWhole } from '../support/http-client.ts';
import type { CliProcess } from '../support/process.ts';
import { clientEnd, origin, ptproxy, tunnel } from './ends.fixture.ts';
import { closedTcpPort, closedUdpPort } from './ports.fixture.ts';

describe('secrets', () => {
  it('are in no line, at any level, however the request ends', async () => {
    const { port } = await origin((request, response) => {
      if (request.url?.startsWith('/cut')) request.socket.destroy();
      else
        response
          .writeHead(request.url?.startsWith('/404') ? 404 : 200, { 'Set-Cookie': 'SECRET' })
          .end('SECRET');
    });
    const config = { system: { log_level: 'trace', access_log: true, hold_timeout: 0 } };
    const { client, server } = await tunnel(port, { client: { config }, server: { config } });
    const ask = (path: string) => raw(client.httpPort, path);
    for (const path of [
      '/ok',
      '/404',
      '/cut',
      '//SECRET@b/p',
      'http://u:SECRET@b/p',
      '*',
      'ftp://x:SECRET@b/p',
    ]) {
      await ask(path);
    }
    await raw(
      client.httpPort,
      '/upgrade',
      'Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Key: SECRET\r\n',
    );
    await server.process.stop();
    await client.process.waitForLog(/lost|going away/);
    await ask('/503');
    await client.process.stop();
    const keys = [client, server].map(({ file }) => readFileSync(keyOf(file), 'utf8').split('\n')[1] ?? '-');
    for (const { process } of [client, server]) {
      expect(process.lines.length).toBeGreaterThan(8);
      // A path is told as it is: `//SECRET@b/p` is one.
      expect(process.output.replaceAll('//SECRET@b/p', '')).not.toContain('SECRET');
      for (const key of keys) expect(process.output).not.toContain(key);
    }
  });
});

/** One request full of secrets; resolves when the connection is over. */
function raw(port: number, target: string, more = ''): Promise<void> {
  const fields = ['Host: a', 'Authorization: Basic SECRET', 'Cookie: a=SECRET', 'X-Api-Key: SECRET'];
  const head = `GET ${target}?token=SECRET HTTP/1.1\r\n${fields.join('\r\n')}\r\n${more}`;
  const connection = more === '' ? 'Connection: close\r\n' : '';
  return new Promise((resolve) => {
    const socket = connect(port, '127.0.0.1', () => socket.write(`${head}${connection}\r\n`));
    socket.on('error', () => {});
    socket.on('data', () => socket.end());
    socket.on('close', () => resolve());
  });
}

function keyOf(file: string): string {
  const { tls } = parse(readFileSync(file, 'utf8'));
  return typeof tls === 'object' && 'key' in tls ? String(tls.key) : '';
}

/** Lines that one source may cause at once; each second allows one more. */
const BURST = 100;

/** Counts from here on how many lines may have been told. */
function bound(): () => number {
  const start = performance.now();
  return () => BURST + 2 + (performance.now() - start) / 1000;
}

describe('a flood', () => {
  it('of bad requests does not flood the log', async () => {
    const client = await clientEnd(await closedUdpPort());
    const most = bound();
    const send = () => raw(client.httpPort, 'ftp://b/');
    for (let nth = 0; nth < 20; nth++) await Promise.all(Array.from({ length: 10 }, send));
    await client.process.stop();
    const told = client.process.lines.filter((line) => line.includes('"status":400'));
    expect(told.length).toBeGreaterThanOrEqual(BURST);
    expect(told.length).toBeLessThan(most());
  });

  it('of requests for an origin that is down does not flood the log of the server end', async () => {
    const { client, server } = await tunnel(await closedTcpPort());
    const most = bound();
    const agent = new Agent({ keepAlive: true, maxSockets: 10 });
    const send = () => fetchWhole({ port: client.httpPort, agent });
    for (const { status } of await Promise.all(Array.from({ length: 200 }, send))) expect(status).toBe(502);
    agent.destroy();
    await server.process.stop();
    const told = server.process.lines.filter((line) => line.includes('"status":502'));
    expect(told.length).toBeGreaterThanOrEqual(BURST);
    expect(told.length).toBeLessThan(most());
  });

  it("of a stranger's datagrams does not flood the log of the server end", async () => {
    const { server } = await tunnel(await closedTcpPort());
    const before = server.process.lines.length;
    const socket = createSocket('udp4');
    onTestFinished(() => void socket.close());
    for (let nth = 0; nth < 1000; nth++) {
      await new Promise((resolve) =>
        socket.send(Buffer.alloc(50, nth), server.quicPort, '127.0.0.1', resolve),
      );
    }
    await server.process.waitForLog(/dropped a datagram/, before);
    await server.process.stop();
    expect(server.process.lines.length - before).toBeLessThan(20);
  });
});

describe('a log that cannot be written', () => {
  it('because nobody reads it any more does not stop the tunnel', async () => {
    const { port } = await origin((_request, response) => void response.end('ok'));
    const config = { system: { access_log: true } };
    const { client, server } = await tunnel(port, { client: { config }, server: { config } });
    for (const { process } of [client, server]) process.stopReading();
    await askMany(client.httpPort, 100);
    for (const { process } of [client, server])
      expect(await process.stop()).toEqual({ code: 0, signal: null });
  });

  it('because its disk is full does not stop the tunnel', async () => {
    const { port } = await origin((_request, response) => void response.end('ok'));
    const pki = await sharedPki();
    const [httpPort, quicPort] = [await closedTcpPort(), await closedUdpPort()];
    const system = { access_log: true, connect_interval: 100 };
    const server = onFullDisk({
      ...{
        general: {
          mode: 'Server',
          peer_hostname: CLIENT_NAME,
          quic_port: quicPort,
          http_connect_address: `127.0.0.1:${port}`,
        },
      },
      ...{ tls: { ca: pki.ca, ...(await pki.server()) }, system: { ...system, log_format: 'json' } },
    });
    const client = onFullDisk({
      ...{
        general: {
          mode: 'Client',
          peer_hostname: SERVER_NAME,
          connect_address: '127.0.0.1',
          quic_port: quicPort,
          http_bind_address: `127.0.0.1:${httpPort}`,
        },
      },
      ...{ tls: { ca: pki.ca, ...(await pki.client()) }, system: { ...system, log_format: 'pretty' } },
    });
    await expect
      .poll(
        () =>
          fetchWhole({ port: httpPort }).then(
            ({ status }) => status,
            () => 0,
          ),
        { timeout: 15_000 },
      )
      .toBe(200);
    await askMany(httpPort, 100);
    for (const process of [client, server]) expect(await process.stop()).toEqual({ code: 0, signal: null });
  });

  it('because its reader is slow does not stop the tunnel, and is written when it can be', async () => {
    const { port } = await origin((_request, response) => void response.end('ok'));
    const { client } = await tunnel(port, {
      client: { config: { system: { access_log: true, access_log_query: true } } },
    });
    client.process.pauseReading();
    // Four kilobytes of log for each: more than pipes hold.
    await askMany(client.httpPort, 150, `/?${'x'.repeat(2000)}`);
    client.process.resumeReading();
    const accessed = () => client.process.lines.filter((line) => line.includes('"log":"access"')).length;
    await expect.poll(accessed, { timeout: 10_000 }).toBe(150);
  });
});

async function askMany(port: number, count: number, path = '/'): Promise<void> {
  const agent = new Agent({ keepAlive: true, maxSockets: 10 });
  const answers = await Promise.all(Array.from({ length: count }, () => fetchWhole({ port, path, agent })));
  agent.destroy();
  for (const { status } of answers) expect(status).toBe(200);
}

function onFullDisk(sections: object): CliProcess {
  const file = join(temporaryFolder(), 'config.toml');
  writeFileSync(file, stringify(sections));
  return ptproxy(['--config', file], { launcher: ['/bin/sh', '-c', 'exec "$@" >/dev/full 2>&1', 'sh'] });
}
