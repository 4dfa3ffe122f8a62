/** Many messages, and many WebSockets, through both ends. */
import { createHash } from 'node:crypto';
import { once } from 'node:events';
import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
import type { WebSocket } from 'ws';
import { fetchWhole } from '../support/http-client.ts';
import { patternBytes } from '../support/pattern.ts';
import { tunnel } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { bytesOf, message, open, webSocketOrigin } from './websocket.fixture.ts';

/** Longest message of {@link exchangeMessages}, in bytes. */
const LONGEST = 3000;

/** Unsent bytes at which a sender lets the connection catch up. */
const ENOUGH = 1_000_000;

/** Sends `count` messages of all lengths each way at once, and compares the hashes of what was sent and what came. */
export async function exchangeMessages(count: number, figures: Figures): Promise<void> {
  const origin = await webSocketOrigin();
  const { client } = await tunnel(origin.port);
  const { near, far } = await open(origin, client.httpPort);
  const start = performance.now();
  const [up, down, sentUp, sentDown] = await Promise.all([
    hashOf(far, count),
    hashOf(near, count),
    sendAll(near, count, 1),
    sendAll(far, count, 2),
  ]);
  figures(`${count} messages each way in ${((performance.now() - start) / 1000).toFixed(2)} s`);
  expect([up, down]).toEqual([sentUp, sentDown]);
}

async function sendAll(socket: WebSocket, count: number, seed: number): Promise<string> {
  const hash = createHash('sha256');
  const bytes = patternBytes(LONGEST, seed);
  for (let nth = 0; nth < count; nth++) {
    const content = bytes.subarray(0, (nth * 7919) % (LONGEST + 1));
    hash.update(`${content.length} `).update(content);
    const sent = new Promise((resolve) => socket.send(content, resolve));
    if (socket.bufferedAmount > ENOUGH) await sent;
  }
  return hash.digest('hex');
}

function hashOf(socket: WebSocket, count: number): Promise<string> {
  const hash = createHash('sha256');
  let left = count;
  return new Promise((resolve) => {
    socket.on('message', (data) => {
      const content = bytesOf(data);
      hash.update(`${content.length} `).update(content);
      if (--left === 0) resolve(hash.digest('hex'));
    });
  });
}

/** Holds `sockets` WebSockets, each busy, while `requests` requests are made; all of it has to succeed. */
export async function holdManyBesideRequests(
  sockets: number,
  requests: number,
  figures: Figures,
): Promise<void> {
  const origin = await webSocketOrigin();
  const { client } = await tunnel(origin.port);
  const start = performance.now();
  const pairs = [];
  for (let nth = 0; nth < sockets; nth++) pairs.push(await open(origin, client.httpPort));
  figures(`${sockets} WebSockets opened in ${((performance.now() - start) / 1000).toFixed(2)} s`);
  for (const { far } of pairs) far.on('message', (data) => far.send(bytesOf(data)));
  const echoes = pairs.map(async ({ near }, nth) => {
    for (let round = 0; round < 10; round++) {
      const content = `${nth} ${round}`;
      const echo = message(near);
      near.send(content);
      expect((await echo).toString()).toBe(content);
    }
  });
  const began = performance.now();
  const answers = Array.from({ length: requests }, () => fetchWhole({ port: client.httpPort }));
  const statuses = (await Promise.all(answers)).map(({ status }) => status);
  figures(`${requests} requests beside them in ${((performance.now() - began) / 1000).toFixed(2)} s`);
  expect(statuses).toEqual(Array(requests).fill(200));
  await Promise.all(echoes);
  const closed = pairs.map(({ far }) => once(far, 'close'));
  for (const { near } of pairs) near.close();
  await Promise.all(closed);
}
