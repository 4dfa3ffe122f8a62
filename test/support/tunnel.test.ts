import { afterEach, expect, it } from 'vitest';
import { SERVER_NAME } from './certificates.ts';
import { fetchHashed } from './http-client.ts';
import { type Origin, patternBody, startOrigin } from './origin.ts';
import { patternHash } from './pattern.ts';
import { CliProcess } from './process.ts';
import { startTunnel, type TunnelPair } from './tunnel.ts';

let origin: Origin | undefined;
let tunnel: TunnelPair | undefined;

afterEach(async () => {
  await tunnel?.stop();
  await origin?.stop();
});

it('starts both ends over an emulated link, and stops them with exit code 0', async () => {
  origin = await startOrigin(patternBody);
  tunnel = await startTunnel({ originPort: origin.port, link: { delay: 10 } });
  const { client, server, link } = tunnel;
  const answer = await fetchHashed({ port: client.httpPort, path: '/200000/9' });
  expect(answer).toMatchObject({ status: 200, bytes: 200_000, sha256: patternHash(200_000, 9) });
  expect(answer.duration).toBeGreaterThanOrEqual(20);
  expect(link?.counters.down.bytesOut).toBeGreaterThan(200_000);
  expect(client.process.rss()).toBeGreaterThan(10_000_000);
  const exits = await Promise.all([client.process.stop(), server.process.stop()]);
  expect(exits.map(({ code }) => code)).toEqual([0, 0]);
});

it('tells what a process wrote when the line that a test waits for does not come', async () => {
  const process = new CliProcess(['--config', '/nonexistent.toml']);
  await expect(process.waitForLog(new RegExp(SERVER_NAME))).rejects.toThrow(
    /has ended\n.*\/nonexistent\.toml/,
  );
  expect((await process.exited).code).toBe(1);
});
