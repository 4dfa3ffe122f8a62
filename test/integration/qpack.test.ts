import { afterEach, describe, expect, it } from 'vitest';
import type { FieldLines } from '../../src/h3/port.ts';
import { QpackEncoder } from '../../src/qpack/encoder.ts';
import { type Lines, SessionPair } from './sessions.fixture.ts';

/** What a page's script asks for: the path is another one each time, everything else stays. */
const request: Lines = (nth) => [
  ...[':method', 'GET', ':scheme', 'https', ':authority', 'intranet.example.org'],
  ...[':path', `/api/v2/items/${1000 + nth * 7}?page=${nth % 9}`],
  ...['sec-ch-ua', '"Chromium";v="126", "Google Chrome";v="126", "Not-A.Brand";v="24"'],
  ...['sec-ch-ua-mobile', '?0', 'sec-ch-ua-platform', '"Linux"', 'dnt', '1', 'priority', 'u=1, i'],
  'user-agent',
  'Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/126.0.0.0 Safari/537.36',
  ...[
    'accept',
    'application/json, application/problem+json;q=0.9, text/*;q=0.5',
    'x-requested-with',
    'XMLHttpRequest',
  ],
  ...['sec-fetch-site', 'same-origin', 'sec-fetch-mode', 'cors', 'sec-fetch-dest', 'empty'],
  ...['referer', 'https://intranet.example.org/app/items', 'accept-encoding', 'gzip, deflate, br, zstd'],
  ...['accept-language', 'en-GB,en;q=0.9,de;q=0.8'],
];

/** The date is another one each time. */
const answer: Lines = (nth) => [
  ...[':status', '200', 'content-type', 'application/json; charset=utf-8', 'content-length', '10'],
  ...['server', 'nginx/1.26.1', 'date', new Date(1_700_000_000_000 + nth * 1000).toUTCString()],
  ...['vary', 'Accept-Encoding', 'cache-control', 'no-cache, must-revalidate'],
  ...['strict-transport-security', 'max-age=31536000; includeSubDomains'],
  ...['x-content-type-options', 'nosniff', 'x-frame-options', 'SAMEORIGIN'],
];

const MOST = 40;
const bytesOf = (fields: FieldLines): number => fields.join('').length;
const last = (sizes: ReadonlyMap<number, number>): number => [...sizes.values()].at(-1) ?? Number.NaN;
const fromHundredth = (sizes: ReadonlyMap<number, number>): number[] => [...sizes.values()].slice(99);

let pair: SessionPair | undefined;

async function connect(delay: number): Promise<SessionPair> {
  // Instructions sent twice would not be missed when they are lost once; and with None there is no padding among them.
  const tuning = { initial_rtt: 2 * delay, initial_window: 100_000 };
  const transport = { ...tuning, congestion_algorithm: 'None', redundancy: 'Off' };
  pair = await SessionPair.connect({ delay }, transport, answer);
  return pair;
}

afterEach(async () => {
  await pair?.close();
});

describe('the hundredth request of a browser, and its answer', () => {
  it('cost at most 40 bytes of field section each', async () => {
    const sessions = await connect(5);
    await sessions.run(100, 1, request);
    expect(bytesOf(request(99))).toBeGreaterThanOrEqual(600);
    expect(sessions.requests.at(-1)).toEqual(request(99));
    expect(last(sessions.client.sent)).toBeLessThanOrEqual(MOST);
    expect(last(sessions.server.sent)).toBeLessThanOrEqual(MOST);
  });

  it('cost besides what a cookie takes, which is a secret and sent in full', async () => {
    const cookie = ['cookie', 'sid=3f9d2c7ab14e40d6a0c57f1e9b8842dd; theme=dark'];
    const sessions = await connect(5);
    await sessions.run(100, 1, (nth) => [...request(nth), ...cookie]);
    expect(sessions.requests.at(-1)).toEqual([...request(99), ...cookie]);
    const prefix = 2;
    const literal = new QpackEncoder().encode(0, cookie).length - prefix;
    expect(literal).toBeGreaterThan(MOST / 2);
    expect(last(sessions.client.sent) - literal).toBeLessThanOrEqual(MOST);
  });
});

/** One way; and a round trip, as late as timers of two ends and a link may be on a busy machine. */
const DELAY = 100;
/** Who waits this long has waited for two. */
const TWO_ROUND_TRIPS = 2 * 2 * DELAY;

describe('with 100 requests in flight', () => {
  const expectCheap = ({ client, server }: SessionPair): void => {
    expect(Math.max(...fromHundredth(client.sent))).toBeLessThanOrEqual(MOST);
    expect(Math.max(...fromHundredth(server.sent))).toBeLessThanOrEqual(MOST);
  };

  it.each(['up', 'down'] as const)(
    'the loss of the first instructions %s blocks streams for one round trip, and costs no byte more',
    async (direction) => {
      const sessions = await connect(DELAY);
      let lost = false;
      // The engine gives each stream a datagram of its own, and none is as large as the one with the instructions.
      sessions.link.filter(direction, (datagram) => {
        if (lost || datagram.length < 130) return true;
        lost = true;
        return false;
      });
      await sessions.run(200, 100, request);
      const waits = [...(direction === 'up' ? sessions.server : sessions.client).waits.values()];
      expect(waits.filter((wait) => wait > DELAY).length).toBeGreaterThan(50);
      expect(Math.max(...waits)).toBeLessThan(TWO_ROUND_TRIPS);
      expectCheap(sessions);
    },
  );

  it('and 1 % loss, none is blocked for longer than a round trip, and sections cost no byte more', async () => {
    const sessions = await connect(DELAY);
    for (const direction of ['up', 'down'] as const) {
      // From the first on, and evenly, so that what is sent again for a loss is not lost with it.
      let count = 0;
      sessions.link.filter(direction, () => count++ % 100 > 0);
    }
    await sessions.run(1000, 100, request);
    const { up, down } = sessions.link.counters;
    expect(Math.min(up.lost, down.lost)).toBeGreaterThanOrEqual(10);
    const waits = [...sessions.server.waits.values(), ...sessions.client.waits.values()];
    expect(waits).toHaveLength(2000);
    expect(Math.max(...waits)).toBeLessThan(TWO_ROUND_TRIPS);
    expectCheap(sessions);
  });
});
