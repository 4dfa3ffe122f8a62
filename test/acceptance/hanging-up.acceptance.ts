import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { Readable } from 'node:stream';
import { setTimeout } from 'node:timers/promises';
import { describe, expect, it } from 'vitest';
import { origin, type Tunnel, tunnel } from '../integration/ends.fixture.ts';
import { type Later, later } from '../integration/later.fixture.ts';
import { respond, send } from '../support/http-client.ts';
import { patternBody } from '../support/origin.ts';
import { patternBytes } from '../support/pattern.ts';
import { print } from './print.ts';

const ROUNDS = 20;
const WITHIN = 100;
const SIZE = 1_000_000_000;
const CHUNK = patternBytes(50_000);
/** Bytes a millisecond. */
const RATE = 10_000;

describe(`a client that dies, ${ROUNDS} times`, () => {
  it.each([
    // In full flow it is no measure of ours: what the kernels hold of the body is read before its end is seen.
    ['upload at 10 MB/s', hangUpInUpload],
    ['download in full flow', hangUpInDownload],
  ] as const)(`has its request destroyed at the origin within ${WITHIN} ms: %s`, async (title, hangUp) => {
    let round: Round = { flowing: later(), gone: later() };
    const { port } = await origin((request, response) => {
      const { flowing, gone } = round;
      request.once('data', () => flowing.happen());
      request.on('error', () => undefined);
      response.on('close', () => gone.happen(performance.now()));
      if (request.method === 'GET') patternBody(request, response);
      else request.resume();
    });
    const pair = await tunnel(port);
    const delays: number[] = [];
    for (let count = 0; count < ROUNDS; count++) {
      round = { flowing: later(), gone: later() };
      const died = await hangUp(pair, round);
      delays.push((await round.gone.happened) - died);
    }
    delays.sort((a, b) => a - b);
    print(
      `client dies in the ${title}: the origin knows after ${delays.map((delay) => delay.toFixed(0)).join(' ')} ms`,
    );
    expect(delays.at(-1)).toBeLessThan(WITHIN);
  });
});

interface Round {
  /** The body has begun to arrive at the origin. */
  readonly flowing: Later<void>;
  /** When the origin saw the end of it. */
  readonly gone: Later<number>;
}

async function hangUpInUpload({ client }: Tunnel, { flowing }: Round): Promise<number> {
  const request = send({ port: client.httpPort, body: Readable.from(steadily()) });
  await flowing.happened;
  const died = performance.now();
  request.destroy();
  return died;
}

async function hangUpInDownload({ client }: Tunnel): Promise<number> {
  const response = await respond({ port: client.httpPort, path: `/${SIZE}` });
  response.on('error', () => undefined);
  await once(response, 'data');
  const died = performance.now();
  response.destroy();
  return died;
}

async function* steadily(): AsyncGenerator<Buffer> {
  for (let sent = 0; sent < SIZE; sent += CHUNK.length) {
    yield CHUNK;
    await setTimeout(CHUNK.length / RATE);
  }
}
