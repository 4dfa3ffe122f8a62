import { fileURLToPath } from 'node:url';
import { describe, expect, it } from 'vitest';
import { clientEnd, origin, serverEnd } from '../integration/ends.fixture.ts';
import { closedTcpPort } from '../integration/ports.fixture.ts';
import { fetchWhole } from '../support/http-client.ts';
import { hashEcho } from '../support/origin.ts';

const ACTIVATE = fileURLToPath(new URL('activate.py', import.meta.url));

/** What executes a command with listening sockets at the ports of 127.0.0.1 given. */
const activation = (ports: readonly number[], names: readonly string[]): [string, ...string[]] => [
  'python3',
  ACTIVATE,
  ports.join(','),
  names.join(':'),
];

describe('sockets from systemd', () => {
  it('are served by a client end instead of http_bind_address', async () => {
    const server = await serverEnd((await origin(hashEcho)).port);
    const port = await closedTcpPort();
    const client = await clientEnd(server.quicPort, { launcher: activation([port], ['ptproxy@x.socket']) });
    expect(client.httpPort).toBe(port);
    await client.process.waitForLog(/serving HTTP\/1\.1 at 127\.0\.0\.1:\d+ \(a socket from systemd\)/);
    expect((await fetchWhole({ port })).status).toBe(200);
  });

  it('may be several, and then the one named http is taken', async () => {
    const server = await serverEnd(1);
    const ports = [await closedTcpPort(), await closedTcpPort()];
    const client = await clientEnd(server.quicPort, { launcher: activation(ports, ['other', 'http']) });
    expect(client.httpPort).toBe(ports[1]);
  });

  it('are refused by a client end when it cannot tell which one is meant', async () => {
    const launcher = activation([0, 0], ['one', 'two']);
    await expect(clientEnd(1, { launcher })).rejects.toThrow(
      'general.http_bind_address: found LISTEN_FDS=2: systemd passed 2 sockets (one, two); allowed is one',
    );
  });

  it('are refused by a server end, where connections would wait in them for ever', async () => {
    await expect(serverEnd(1, { launcher: activation([0], ['http']) })).rejects.toThrow(
      'general.mode: found "Server" with LISTEN_FDS=1: systemd passes a socket, and only a client end takes one',
    );
  });
});
