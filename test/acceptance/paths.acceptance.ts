/** Links that swallow much, or large datagrams. */
import { describe, expect, it, onTestFinished } from 'vitest';
import type { LinkOptions } from '../../src/demo/link.ts';
import { origin } from '../integration/ends.fixture.ts';
import { fetchHashed } from '../support/http-client.ts';
import { hashEcho, patternBody } from '../support/origin.ts';
import { patternHash, patternStream } from '../support/pattern.ts';
import { startTunnel, type TunnelPair } from '../support/tunnel.ts';
import { print } from './print.ts';

const RTT = 150;
const BASE = { delay: RTT / 2, rate: 30, queue: 600_000 };
const TUNED = { initial_rtt: RTT, initial_window: 562_500 };

async function tunnelOver(
  link: Omit<LinkOptions, 'target'>,
  transport: Readonly<Record<string, string | number>> = {},
): Promise<TunnelPair> {
  const { port } = await origin((request, response) =>
    request.method === 'GET' ? patternBody(request, response) : hashEcho(request, response),
  );
  const config = { transport: { ...TUNED, ...transport } };
  const pair = await startTunnel({ originPort: port, client: { config }, server: { config }, link });
  onTestFinished(() => pair.stop());
  return pair;
}

async function download(port: number, size: number): Promise<number> {
  const { bytes, sha256, duration } = await fetchHashed({ port, path: `/${size}/1` });
  expect({ bytes, sha256 }).toEqual({ bytes: size, sha256: patternHash(size, 1) });
  return duration;
}

async function upload(port: number, size: number): Promise<number> {
  const { status, duration } = await fetchHashed({ port, method: 'POST', body: patternStream(size, 2) });
  expect(status).toBe(200);
  return duration;
}

describe('with 5 % loss each way everything completes', () => {
  it.each(['Bbr', 'Cubic', 'NewReno', 'None'])('with %s', async (algorithm) => {
    const { client } = await tunnelOver({ ...BASE, loss: 5 }, { congestion_algorithm: algorithm });
    const port = client.httpPort;
    const small = await Promise.all(Array.from({ length: 200 }, () => download(port, 1000)));
    const down = await download(port, 2_000_000);
    const up = await upload(port, 2_000_000);
    print(
      `${algorithm}, 5 % loss: 200 small ones at once, slowest ${Math.max(...small).toFixed(0)} ms; ` +
        `2 MB down ${down.toFixed(0)} ms, up ${up.toFixed(0)} ms`,
    );
  });
});

describe('a path that carries no more than 1280 bytes of IPv4', () => {
  // 20 bytes of IP and 8 of UDP header.
  const LINK = { ...BASE, maxDatagramSize: 1280 - 28 };
  const WARNING = /sending datagrams of 1200 bytes instead of udp_payload_size/g;

  it('works after one warning at each end that sends much', async () => {
    const { client, server } = await tunnelOver(LINK);
    const down = await download(client.httpPort, 2_000_000);
    const up = await upload(client.httpPort, 2_000_000);
    const again = await download(client.httpPort, 2_000_000);
    const warnings = [client, server].map(({ process }) => process.output.match(WARNING)?.length);
    print(
      `1280 bytes: 2 MB down ${down.toFixed(0)} ms, up ${up.toFixed(0)} ms, down again ${again.toFixed(0)} ms; ` +
        `warnings ${warnings.join(' and ')}`,
    );
    expect(warnings).toEqual([1, 1]);
  });
});
