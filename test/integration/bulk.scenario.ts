/** Large bodies through both ends: intact, and never held in memory. */
import type { RequestListener } from 'node:http';
import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
import { fetchHashed, fetchWhole } from '../support/http-client.ts';
import { type EchoReport, hashEcho, patternBody } from '../support/origin.ts';
import { patternHash, patternStream } from '../support/pattern.ts';
import { origin, tunnel } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { megabytes, watchMemory } from './memory.fixture.ts';

export type Directions = 'down' | 'up' | 'both';

export interface BulkOptions {
  /** Each way, in bytes. */
  readonly size: number;
  /** Most resident memory of each end, in bytes. */
  readonly memory: number;
  readonly figures: Figures;
}

const DOWN_SEED = 1;
const UP_SEED = 2;

/** Moves `size` bytes each way that `directions` names, compares hashes, and bounds the memory of both ends. */
export async function moveBulk(directions: Directions, options: BulkOptions): Promise<void> {
  const { size, figures } = options;
  const { port } = await origin(either);
  const { client, server } = await tunnel(port);
  const { result, memory } = await watchMemory([client.process, server.process], async () => {
    const start = performance.now();
    const [down, up] = await Promise.all([
      directions === 'up' ? undefined : download(client.httpPort, size),
      directions === 'down' ? undefined : upload(client.httpPort, size),
    ]);
    return { down, up, seconds: (performance.now() - start) / 1000 };
  });
  const moved = size * (directions === 'both' ? 2 : 1);
  const [clientPeak = 0, serverPeak = 0] = memory.map(({ peak }) => peak);
  figures(
    `bulk ${directions}: ${megabytes(moved)} in ${result.seconds.toFixed(1)} s, ` +
      `${megabytes(moved / result.seconds)}/s; peak client ${megabytes(clientPeak)}, server ${megabytes(serverPeak)}`,
  );
  if (directions !== 'up') expect(result.down).toEqual({ bytes: size, sha256: patternHash(size, DOWN_SEED) });
  if (directions !== 'down') expect(result.up).toEqual({ bytes: size, sha256: patternHash(size, UP_SEED) });
  expect(clientPeak).toBeLessThan(options.memory);
  expect(serverPeak).toBeLessThan(options.memory);
}

const either: RequestListener = (request, response) =>
  request.method === 'GET' ? patternBody(request, response) : hashEcho(request, response);

interface Moved {
  readonly bytes: number;
  readonly sha256: string;
}

async function download(port: number, size: number): Promise<Moved> {
  const { bytes, sha256 } = await fetchHashed({ port, path: `/${size}/${DOWN_SEED}` });
  return { bytes, sha256 };
}

async function upload(port: number, size: number): Promise<Moved> {
  const body = patternStream(size, UP_SEED);
  const answer = await fetchWhole({ port, body, headers: { 'Content-Length': size } });
  const { bytes, sha256 } = JSON.parse(answer.body.toString()) as EchoReport;
  return { bytes, sha256 };
}
