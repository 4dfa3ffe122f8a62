/** A receiver that takes little: the sender has to wait, and nothing between them fills up. */
import { readFileSync } from 'node:fs';
import { request as open, type RequestListener } from 'node:http';
import { performance } from 'node:perf_hooks';
import type { Readable, Writable } from 'node:stream';
import { expect } from 'vitest';
import { fetchWhole, respond } from '../support/http-client.ts';
import { origin, tunnel } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { megabytes, watchMemory } from './memory.fixture.ts';

export interface SlowReceiverOptions {
  /** What the receiver takes, bytes a second. */
  readonly rate: number;
  /** How long it does, in seconds. */
  readonly seconds: number;
  /** Credit of each stream, `stream_receive_window`. */
  readonly window: number;
  /** Most growth of each end's peak resident memory from the middle third to the last, in bytes. */
  readonly growth: number;
  readonly figures: Figures;
}

/** What each end holds of a stream besides the credit: the send queue's mark, and a socket buffer each way. */
const HELD = 2 * (256 + 2 * 64) * 1024;

/** How much of the body has gone from its sender to the kernel, and how much the receiver got. */
interface Progress {
  sent: number;
  received: number;
  over: boolean;
}

/** A body without end towards a receiver that takes `rate`: in `down` the client, in `up` the origin. */
export async function receiveSlowly(direction: 'down' | 'up', options: SlowReceiverOptions): Promise<void> {
  const progress: Progress = { sent: 0, received: 0, over: false };
  const { port } = await origin(direction === 'down' ? gives(progress) : takes(progress, options.rate));
  const config = { transport: { stream_receive_window: options.window } };
  const { client, server } = await tunnel(port, { client: { config }, server: { config } });
  let ahead = 0;
  const { memory } = await watchMemory([client.process, server.process], async () => {
    const start = performance.now();
    const exchange =
      direction === 'down'
        ? getSlowly(client.httpPort, progress, options.rate)
        : put(client.httpPort, progress);
    while (performance.now() - start < 1000 * options.seconds) {
      // Nobody else has to wait for the slow one.
      expect((await fetchWhole({ port: client.httpPort, path: '/quick' })).body.toString()).toBe('quick');
      ahead = Math.max(ahead, progress.sent - progress.received);
      await delay(100);
    }
    progress.over = true;
    await exchange;
  });
  const growths = memory.map(({ samples }) => growth(samples));
  const rate = progress.received / options.seconds;
  options.figures(
    `slow receiver ${direction}: took ${megabytes(rate)}/s; sender at most ${megabytes(ahead)} ahead; ` +
      `peak client ${megabytes(memory[0]?.peak ?? 0)}, server ${megabytes(memory[1]?.peak ?? 0)}; ` +
      `growth from the middle third to the last ${growths.map(megabytes).join(' and ')}`,
  );
  expect(rate).toBeGreaterThan(options.rate / 2);
  expect(ahead).toBeLessThan(options.window + HELD + 2 * kernelBuffers());
  for (const grown of growths) expect(grown).toBeLessThan(options.growth);
}

/** By how much the peaks rise: garbage makes single samples go up and down. */
function growth(samples: readonly number[]): number {
  const third = Math.floor(samples.length / 3);
  return Math.max(...samples.slice(2 * third)) - Math.max(...samples.slice(third, 2 * third));
}

const CHUNK = Buffer.alloc(64 * 1024);

function gives(progress: Progress): RequestListener {
  return (request, response) => (request.url === '/quick' ? response.end('quick') : pour(response, progress));
}

function takes(progress: Progress, rate: number): RequestListener {
  return (request, response) => {
    if (request.url === '/quick') response.end('quick');
    else void drain(request, progress, rate).then(() => response.destroy());
  };
}

/** Resolves when it is over. */
async function getSlowly(port: number, progress: Progress, rate: number): Promise<void> {
  const response = await respond({ port });
  await drain(response, progress, rate);
  response.destroy();
}

async function put(port: number, progress: Progress): Promise<void> {
  const request = open({ host: '127.0.0.1', port, method: 'PUT', agent: false });
  request.on('error', () => undefined);
  pour(request, progress);
  await new Promise((resolve) => request.once('close', resolve));
}

/** Writes one chunk after the other, each when the kernel has taken the one before. */
function pour(to: Writable, progress: Progress): void {
  to.write(CHUNK, (error) => {
    if (error) return;
    progress.sent += CHUNK.length;
    if (progress.over) to.destroy();
    else pour(to, progress);
  });
}

async function drain(from: Readable, progress: Progress, rate: number): Promise<void> {
  from.on('error', () => undefined);
  const start = performance.now();
  for await (const chunk of from.iterator({ destroyOnReturn: false })) {
    progress.received += (chunk as Buffer).length;
    if (progress.over) return;
    await delay(start + (progress.received / rate) * 1000 - performance.now());
  }
}

function delay(milliseconds: number): Promise<void> {
  return new Promise((resolve) => setTimeout(resolve, milliseconds));
}

/** What the kernel holds of a TCP connection at most, both ends of it. */
function kernelBuffers(): number {
  const largest = (name: string): number =>
    Number(readFileSync(`/proc/sys/net/ipv4/${name}`, 'utf8').trim().split(/\s+/)[2]);
  return largest('tcp_rmem') + largest('tcp_wmem');
}
