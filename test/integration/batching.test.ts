import { describe, expect, it } from 'vitest';
import { fetchHashed, fetchWhole } from '../support/http-client.ts';
import { type EchoReport, hashEcho, patternBody } from '../support/origin.ts';
import { patternHash, patternStream } from '../support/pattern.ts';
import type { Tunnel } from './ends.fixture.ts';
import { clientEnd, origin, serverEnd, tunnel } from './ends.fixture.ts';
import { otherHost, whyNoOtherHost } from './network-namespace.fixture.ts';

const SIZE = 8_000_000;
const BUSY = /busy: datagrams are sent and received many at a time/;
const WINDOW = { initial_rtt: 1, initial_window: 655_270 };
const TELLING = { config: { transport: WINDOW, system: { log_level: 'debug' } } };

const obstacle = whyNoOtherHost();

/** An origin for bodies both ways. */
async function bodies(): Promise<number> {
  const { port } = await origin((request, response) =>
    request.method === 'GET' ? patternBody(request, response) : hashEcho(request, response),
  );
  return port;
}

/** Bodies both ways, one after the other, until both ends have found that they are busy, and once more. */
async function moveBodies({ client, server }: Tunnel, host = '127.0.0.1'): Promise<void> {
  const port = client.httpPort;
  const found = Promise.all([client, server].map((each) => each.process.waitForLog(BUSY)));
  let left = 2;
  found.then(
    () => {
      left = 1;
    },
    () => {},
  );
  while (left > 0) {
    if (left === 1) left = 0;
    const { sha256 } = await fetchHashed({ host, port, path: `/${SIZE}/1` });
    expect(sha256).toBe(patternHash(SIZE, 1));
    const body = patternStream(SIZE, 2);
    const answer = await fetchWhole({ host, port, body, headers: { 'Content-Length': SIZE } });
    const report = JSON.parse(answer.body.toString()) as EchoReport;
    expect([report.bytes, report.sha256]).toEqual([SIZE, patternHash(SIZE, 2)]);
  }
}

describe.runIf(process.platform === 'linux')('bodies in datagrams sent and received many at a time', () => {
  it.each([1350, 9000])('arrive intact: datagrams of %i bytes', async (udp_payload_size) => {
    const end = { config: { ...TELLING.config, transport: { ...WINDOW, udp_payload_size } } };
    await moveBodies(await tunnel(await bodies(), { client: end, server: end }));
  });

  it.skipIf(obstacle !== undefined)(
    'arrive intact where the network has less room than they need',
    async () => {
      const host = otherHost();
      host.ip('link', 'set', 'DEV', 'mtu', '1280');
      const server = await serverEnd(await bodies(), TELLING);
      const general = { connect_address: host.tunnelHere, http_bind_address: `${host.controlThere}:0` };
      const config = { ...TELLING.config, general };
      const client = await clientEnd(server.quicPort, { config, launcher: host.launcher });
      await client.process.waitForLog(/tunnel ready/);
      await moveBodies({ client, server }, host.controlThere);
    },
  );
});
