/** What thousands of requests at once leave behind. */
import { Agent, get, type ServerResponse } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { origin, tunnel } from './ends.fixture.ts';

const MANY = 2200;

it('a session of thousands of requests at once is replaced when they are over, and none is lost', async () => {
  // None is answered before all are there.
  const held: ServerResponse[] = [];
  const { port } = await origin((_, response) => {
    if (isLater) response.end('done');
    else if (held.push(response) >= MANY) for (const each of held) each.end('done');
  });
  let isLater = false;
  const transport = { max_concurrent_http_streams: 4000 };
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
  isLater = true;
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
