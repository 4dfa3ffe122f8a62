/** A session that has had many more requests than may be open at once. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it, onTestFinished } from 'vitest';
import type { FieldLines } from '../../src/h3/port.ts';
import { SessionPair } from './sessions.fixture.ts';

/** Streams that a client may have open, and with it requests after which the engine announces each new one. */
const OPEN = 11;
const REQUESTS = 100;

const REQUEST: FieldLines = [':method', 'GET', ':scheme', 'https', ':authority', 'a', ':path', '/'];
const ANSWER: FieldLines = [':status', '200'];

// The request, the answer with an acknowledgment, and another one; five with credit for a stream, and what acknowledges that.
it('takes three packets for a request alone, when its ends share a process', async () => {
  const transport = { max_concurrent_http_streams: OPEN - 1, max_upgrades: 1, redundancy: 'Off' };
  const pair = await SessionPair.connect({}, transport, () => ANSWER);
  onTestFinished(() => pair.close());
  await pair.run(10 * OPEN, 1, () => REQUEST);
  const before = pair.packets;
  for (let count = 0; count < REQUESTS; count++) {
    await pair.run(1, 1, () => REQUEST);
    await pause(2);
  }
  expect((pair.packets - before) / REQUESTS).toBeLessThan(4);
});
