/** Many requests at once with bodies of all sizes both ways; an origin that says what it got. */
import { createHash } from 'node:crypto';
import { Agent, type RequestListener } from 'node:http';
import { performance } from 'node:perf_hooks';
import { pipeline } from 'node:stream';
import { expect } from 'vitest';
import { fetchHashed } from '../support/http-client.ts';
import { patternHash, patternStream } from '../support/pattern.ts';
import { origin, tunnel } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { megabytes, watchMemory } from './memory.fixture.ts';

export interface ManyRequestsOptions {
  readonly requests: number;
  readonly atOnce: number;
  /** Largest body, in bytes. */
  readonly largest: number;
  readonly figures: Figures;
}

/** What is sent and asked for in one request. */
interface Exchange {
  readonly seed: number;
  readonly up: number;
  readonly down: number;
}

/** Makes the requests, and checks the hash of every body at the side that received it. */
export async function makeManyRequests(options: ManyRequestsOptions): Promise<void> {
  const { requests, atOnce, figures } = options;
  const { port } = await origin(answerWithHash);
  const { client, server } = await tunnel(port);
  const agent = new Agent({ keepAlive: true, maxSockets: atOnce });
  const exchanges = Array.from({ length: requests }, (_, seed) => exchange(seed, options.largest));
  const { result, memory } = await watchMemory([client.process, server.process], async () => {
    const start = performance.now();
    const wrong = await Promise.all(exchanges.map((one) => whatIsWrong(client.httpPort, one, agent)));
    return { wrong: wrong.filter((text) => text !== undefined), seconds: (performance.now() - start) / 1000 };
  });
  agent.destroy();
  const moved = exchanges.reduce((sum, { up, down }) => sum + up + down, 0);
  figures(
    `${requests} requests, ${atOnce} at once: ${result.seconds.toFixed(1)} s, ` +
      `${(requests / result.seconds).toFixed(0)}/s, ${megabytes(moved / result.seconds)}/s; ` +
      `peak client ${megabytes(memory[0]?.peak ?? 0)}, server ${megabytes(memory[1]?.peak ?? 0)}`,
  );
  expect(result.wrong).toEqual([]);
}

/** Takes the body, then answers with its hash in the head and `/DOWN/SEED` of the pattern. */
const answerWithHash: RequestListener = (request, response) => {
  const hash = createHash('sha256');
  request.on('data', (chunk: Buffer) => hash.update(chunk));
  request.on('end', () => {
    const [down = 0, seed = 0] = (request.url ?? '').split('/').slice(1).map(Number);
    response.setHeader('X-Request-Sha256', hash.digest('hex'));
    if (seed % 2 === 0) response.setHeader('Content-Length', down);
    pipeline(patternStream(down, seed), response, () => undefined);
  });
};

/** Sizes that follow from the seed and reach from nothing to `largest`. */
function exchange(seed: number, largest: number): Exchange {
  const size = (factor: number): number => Math.round((largest * ((seed * factor) % 101)) / 100);
  return { seed, up: size(37), down: size(59) };
}

async function whatIsWrong(
  port: number,
  { seed, up, down }: Exchange,
  agent: Agent,
): Promise<string | undefined> {
  const body = patternStream(up, seed);
  const headers = seed % 3 === 0 ? { 'Content-Length': up } : {};
  try {
    const answer = await fetchHashed({ port, path: `/${down}/${seed}`, body, headers, agent });
    if (answer.status !== 200) return `request ${seed}: status ${answer.status}`;
    if (answer.headers['x-request-sha256'] !== patternHash(up, seed))
      return `request ${seed}: the origin got another body`;
    return answer.sha256 === patternHash(down, seed) ? undefined : `request ${seed}: another body came back`;
  } catch (error) {
    return `request ${seed}: ${error}`;
  }
}
