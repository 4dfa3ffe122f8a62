/** What both ends believe of the round-trip time while hardly anything is sent. */
import { expect, it, onTestFinished } from 'vitest';
import type { FieldLines } from '../../src/h3/port.ts';
import { SessionPair } from './sessions.fixture.ts';

const RTT = 40;
const REQUESTS = 40;

const REQUEST: FieldLines = [':method', 'GET', ':scheme', 'https', ':authority', 'a', ':path', '/'];
const ANSWER: FieldLines = [':status', '200'];

/** Bytes: of a fast link, and of one that carries ten times less than the other. */
it.each([562_500, 56_250])('a first window of %d bytes leaves them right about it', async (window) => {
  const transport = { initial_rtt: RTT, initial_window: window };
  const pair = await SessionPair.connect({ delay: RTT / 2 }, transport, () => ANSWER);
  onTestFinished(() => pair.close());
  await pair.run(REQUESTS, 1, () => REQUEST);
  for (const estimate of pair.estimates) {
    expect(estimate).toBeGreaterThan(RTT / 2);
    expect(estimate).toBeLessThan(RTT * 2);
  }
});
