/** Round-trip estimates and progress over a minute of loss: the engine's clock can be led astray for good. */
import { afterEach, expect, it, onTestFinished } from 'vitest';
import type { FieldLines } from '../../src/h3/port.ts';
import { type CongestionAlgorithm, enginePaces } from '../../src/quic/options.ts';
import { SessionPair } from '../integration/sessions.fixture.ts';
import { closeAll, connectOver, type LinkedPair } from '../support/quic-pair.ts';
import { print } from './print.ts';

afterEach(closeAll);

const RTT = 150;
const SECONDS = 60;
const LINK = { delay: RTT / 2, rate: 30, queue: 600_000, loss: 1 };
const TUNED = { initialRtt: RTT, initialWindow: 562_500 };
const CHUNK = Buffer.alloc(64 * 1024, 'x');

interface Course {
  readonly estimates: number[];
  /** Bytes that arrived in each second. */
  readonly progress: number[];
}

/** One download without end, whose rate and estimate are looked at. */
async function watch(algorithm: CongestionAlgorithm): Promise<Course> {
  const options = { ...TUNED, congestionAlgorithm: algorithm };
  const pair = await connectOver(LINK, { client: options, server: options });
  const id = pair.client.open();
  pair.server.onData = () => void pour(pair, id);
  pair.client.connection.write(id, Buffer.from('go'), true);
  const course: Course = { estimates: [], progress: [] };
  let before = 0;
  for (let second = 0; second < SECONDS; second++) {
    for (let tenth = 0; tenth < 10; tenth++) {
      await new Promise((resolve) => setTimeout(resolve, 100));
      course.estimates.push(pair.server.connection.rtt);
    }
    const { bytes } = pair.client.stream(id);
    course.progress.push(bytes - before);
    before = bytes;
  }
  expect([pair.client.closed, pair.server.closed]).toEqual([undefined, undefined]);
  return course;
}

async function pour({ server }: LinkedPair, id: number): Promise<void> {
  const record = server.stream(id);
  while (server.closed === undefined) {
    const { drains } = record;
    if (server.connection.write(id, CHUNK, false)) continue;
    await server.until(() => record.drains > drains || server.closed !== undefined);
  }
}

it.each<CongestionAlgorithm>(['Bbr', 'Cubic', 'NewReno', 'None'])(
  '%s neither stalls nor loses its idea of the round-trip time in a minute of 1 % loss',
  async (algorithm) => {
    const { estimates: all, progress } = await watch(algorithm);
    // Bbr and None learn in the first second what the others know from the beginning.
    const estimates = all.slice(enginePaces(algorithm) && algorithm !== 'None' ? 0 : 10);
    const highest = Math.max(...estimates);
    const slowest = Math.min(...progress);
    const total = progress.reduce((sum, bytes) => sum + bytes, 0);
    print(
      `${algorithm}: estimate ${Math.min(...estimates).toFixed(0)} to ${highest.toFixed(0)} ms, ` +
        `${(total / 1e6).toFixed(1)} MB, slowest second ${(slowest / 1000).toFixed(0)} KB`,
    );
    expect(highest).toBeLessThanOrEqual(1.5 * RTT);
    expect(Math.min(...estimates)).toBeGreaterThanOrEqual(RTT / 1.5);
    expect(slowest).toBeGreaterThan(0);
  },
);

const REQUEST: FieldLines = [':method', 'GET', ':scheme', 'https', ':authority', 'a', ':path', '/'];
const ANSWER: FieldLines = [':status', '200'];

it('Bbr is right about the round-trip time while there is no more than a small request now and then', async () => {
  const transport = { congestion_algorithm: 'Bbr', initial_rtt: RTT, initial_window: 562_500 };
  const pair = await SessionPair.connect(LINK, transport, () => ANSWER);
  onTestFinished(() => pair.close());
  const estimates: number[] = [];
  const watch = setInterval(() => estimates.push(...pair.estimates), 100);
  await pair.run((SECONDS * 1000) / RTT, 1, () => REQUEST);
  clearInterval(watch);
  const [lowest, highest] = [Math.min(...estimates), Math.max(...estimates)];
  print(`Bbr, small requests: estimate ${lowest.toFixed(0)} to ${highest.toFixed(0)} ms`);
  expect(highest).toBeLessThanOrEqual(1.5 * RTT);
  expect(lowest).toBeGreaterThanOrEqual(RTT / 1.5);
});
