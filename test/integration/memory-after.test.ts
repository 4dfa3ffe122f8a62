/** What ten thousand requests at once leave behind. */
import { Agent, get } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { origin, tunnel } from './ends.fixture.ts';

const MANY = 2200;

it('a session of thousands of requests at once is replaced when they are over, and none is lost', async () => {
  const { port } = await origin((_, response) => {
    setTimeout(() => response.end('done'), 1500);
  });
  const transport = { max_concurrent_http_streams: 4000, initial_rtt: 20 };
  const { client } = await tunnel(port, {
    client: { config: { transport } },
    server: { config: { transport } },
  });
  const ready = client.process.lines.length;
  const agent = new Agent({ keepAlive: true });
  const ask = (): Promise<number | undefined> =>
    new Promise((resolve, reject) => {
      get({ port: client.httpPort, host: '127.0.0.1', agent }, (response) => {
        response.resume().once('end', () => resolve(response.statusCode));
      }).once('error', reject);
    });
  const answers = await Promise.all(Array.from({ length: MANY }, ask));
  expect(answers.filter((status) => status !== 200)).toEqual([]);
  // Somebody goes on asking.
  const later: (number | undefined)[] = [];
  const asking = (async () => {
    for (let count = 0; count < 3; count++) {
      later.push(await ask());
      await pause(50);
    }
  })();
  await client.process.waitForLog(/tunnel ready/, ready);
  await asking;
  agent.destroy();
  expect(later).toEqual([200, 200, 200]);
});
