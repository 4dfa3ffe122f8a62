/** Processes that stand still for a while, as on a machine that is suspended. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { fetchWhole } from '../support/http-client.ts';
import { hashEcho } from '../support/origin.ts';
import { origin, tunnel } from './ends.fixture.ts';
import { Load } from './load.fixture.ts';

/** Long enough to be noticed, milliseconds. */
const ASLEEP = 3500;

it('a client end that wakes up finds out at once that its session is gone', async () => {
  const { port } = await origin(hashEcho);
  // Of the client's own time, hardly any passes while it is stopped; the server waits no longer than this.
  const server = { config: { transport: { max_idle_timeout: 1500, keep_alive_interval: 500 } } };
  const { client, server: serverEnd } = await tunnel(port, { server });
  const stopped = performance.now();
  client.process.signal('SIGSTOP');
  await serverEnd.process.waitForLog(/closed: nothing was heard/);
  await pause(Math.max(0, ASLEEP - (performance.now() - stopped)));
  const before = client.process.lines.length;
  client.process.signal('SIGCONT');
  await client.process.waitForLog(/nothing ran here for about \d+ s/, before);
  const answer = await fetchWhole({ port: client.httpPort });
  expect(answer.status).toBe(200);
});

it('a server end that stands still for less than max_idle_timeout costs no request', async () => {
  const { port } = await origin(hashEcho);
  const config = { transport: { max_idle_timeout: 15_000 }, system: { hold_timeout: 15_000 } };
  const { client, server } = await tunnel(port, { client: { config }, server: { config } });
  const load = new Load(client.httpPort, 20);
  await load.answered();
  server.process.signal('SIGSTOP');
  await client.process.waitForLog(/does not answer: connecting anew/);
  server.process.signal('SIGCONT');
  await load.answered();
  const outcomes = await load.stop();
  expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
});
