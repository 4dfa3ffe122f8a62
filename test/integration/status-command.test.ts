/** `ptproxy status`, and a port for it that cannot be had. */
import { writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { temporaryFolder } from '../support/certificates.ts';
import { hashEcho } from '../support/origin.ts';
import type { ServerEnd } from '../support/tunnel.ts';
import { clientEnd, origin, ptproxy, rawOrigin, serverEnd } from './ends.fixture.ts';
import { closedTcpPort } from './ports.fixture.ts';

const OBSERVED = { config: { system: { hold_timeout: 0, metrics_bind_address: '127.0.0.1:0' } } };

/** A configuration that says no more than where an end is observed. */
function fileFor(address: string): string {
  const file = join(temporaryFolder(), 'config.toml');
  writeFileSync(file, `[system]\nmetrics_bind_address = "${address}"\n`);
  return file;
}

async function statusOf(file: string, ...options: readonly string[]) {
  const process = ptproxy(['status', '-c', file, ...options]);
  const { code } = await process.exited;
  return { code, lines: process.lines };
}

async function observedAt({ process }: Pick<ServerEnd, 'process'>): Promise<string> {
  const [, address = ''] = await process.waitForLog(/serving metrics and status at (127\.0\.0\.1:\d+)/);
  return address;
}

describe('ptproxy status', () => {
  it('shows on one screen how a running end is', async () => {
    const service = await origin(hashEcho);
    const server = await serverEnd(service.port, OBSERVED);
    const client = await clientEnd(server.quicPort, OBSERVED);
    await client.process.waitForLog(/tunnel ready/);
    const { code, lines } = await statusOf(fileFor(await observedAt(client)));
    expect(lines[0]).toMatch(/^ptproxy [\d.]+, client end, process \d+, running for /);
    expect(lines[1]).toMatch(/^ready: tunnel established; .*0 requests in flight/);
    for (const name of ['Connections', 'Peer', 'Requests', 'Traffic', 'Certificates', 'Failures']) {
      expect(lines.some((line) => line.startsWith(`${name} `))).toBe(true);
    }
    expect(lines.length).toBeLessThan(24);
    expect(code).toBe(0);
  });

  it('gives all of it with --json', async () => {
    const server = await serverEnd(1, OBSERVED);
    const { code, lines } = await statusOf(fileFor(await observedAt(server)), '--json');
    expect(JSON.parse(lines.join(''))).toMatchObject({ program: 'ptproxy', mode: 'server', ready: true });
    expect(code).toBe(0);
  });

  it('keeps showing with --watch', async () => {
    const server = await serverEnd(1, OBSERVED);
    const watch = ptproxy(['status', '--watch', '-c', fileFor(await observedAt(server))]);
    await watch.waitForLog(/^ptproxy/);
    await watch.waitForLog(/^ptproxy/, watch.lines.length);
  });

  it('ends with 3 where an end runs that is not ready, and says why', async () => {
    const client = await clientEnd(await closedTcpPort(), OBSERVED);
    await client.process.waitForLog(/cannot connect/);
    const { code, lines } = await statusOf(fileFor(await observedAt(client)));
    expect(lines[1]).toMatch(/^NOT READY: client connection failed: cannot connect to /);
    expect(code).toBe(3);
  });
});

describe('ptproxy status ends with 1 and one line that says what to do', () => {
  it('where the key is not set', async () => {
    const file = join(temporaryFolder(), 'config.toml');
    writeFileSync(file, '[system]\n');
    const { code, lines } = await statusOf(file);
    expect(lines).toEqual([
      `${file}: system.metrics_bind_address: not set, so that this end says nothing of itself; set it, e.g. to "127.0.0.1:9464", and restart`,
    ]);
    expect(code).toBe(1);
  });

  it('where the key is wrong', async () => {
    const file = fileFor('localhost');
    const { code, lines } = await statusOf(file);
    expect(lines).toEqual([
      `${file}:2: system.metrics_bind_address: found the string "localhost"; allowed is an IP address and a port such as "[::]:20080" or "127.0.0.1:20080"`,
    ]);
    expect(code).toBe(1);
  });

  it('where any port may have been taken', async () => {
    const { code, lines } = await statusOf(fileFor('127.0.0.1:0'));
    expect(lines[0]).toMatch(/found port 0, which can be any; allowed for a status is a fixed port$/);
    expect(code).toBe(1);
  });

  it('where nothing listens', async () => {
    const port = await closedTcpPort();
    // What is bound to all addresses is asked at this host's own.
    const { code, lines } = await statusOf(fileFor(`0.0.0.0:${port}`));
    expect(lines).toEqual([`127.0.0.1:${port}: nothing listens there (ECONNREFUSED): is this end running?`]);
    expect(code).toBe(1);
  });

  it.each([
    ['another web server', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}'],
    ['another with errors', 'HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n'],
    ['something else', 'SSH-2.0-OpenSSH_9.2\r\n'],
  ])('where %s answers', async (_title, answer) => {
    const { port } = await rawOrigin((socket) => socket.end(answer));
    const { code, lines } = await statusOf(fileFor(`127.0.0.1:${port}`));
    expect(lines).toHaveLength(1);
    expect(lines[0]).toContain('what answers there is not ptproxy');
    expect(code).toBe(1);
  });
});

describe('metrics_bind_address', () => {
  it('is named when its port is taken', async () => {
    const { port: taken } = await origin(hashEcho);
    const config = { system: { metrics_bind_address: `127.0.0.1:${taken}` } };
    await expect(serverEnd(1, { config })).rejects.toThrow(
      new RegExp(
        `system\\.metrics_bind_address: found 127\\.0\\.0\\.1:${taken}: another program has that port \\(EADDRINUSE\\)`,
      ),
    );
  });

  it('lets go of its port when the end cannot start', async () => {
    const { port: taken } = await origin(hashEcho);
    const config = { general: { http_bind_address: `127.0.0.1:${taken}` }, ...OBSERVED.config };
    await expect(clientEnd(1, { config })).rejects.toThrow(
      /the process has ended\n.*\n.*general\.http_bind_address/,
    );
  });
});
