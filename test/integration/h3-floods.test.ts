/** Peers that make an end work in vain: each flood ends the connection with H3_EXCESSIVE_LOAD, and nothing else. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Code } from '../../src/h3/codes.ts';
import { FrameType } from '../../src/h3/frames.ts';
import { concat, controlStream, data, GET, headers, OK, POST } from '../../src/h3/recording-quic.fixture.ts';
import type { RunningServer } from '../../src/server.ts';
import { serverInProcess } from '../support/in-process.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { dialRaw, type RawPeer } from '../support/raw-peer.ts';
import { expectOutcome, frame, statusOf, turns } from './h3-rows.fixture.ts';

const CONTROL = 2;
/** Not answered while it is sent: what is answered is not read on. */
const UPLOAD = [...POST.slice(0, 6), ':path', '/never'];
const excessive = { connection: Code.H3_EXCESSIVE_LOAD };

/** More than a peer may do in vain at once, and in the second that it takes, as the guard of floods has it. */
const MANY = 15_000;

/** A little less than a peer may do in vain at once: what comes then makes it too much, without taking long. */
const NEARLY = 1_000;

const times = (count: number, bytes: Uint8Array): Uint8Array =>
  Buffer.concat(Array.from({ length: count }, () => bytes));

let origin: Origin;
let server: RunningServer;
/** Requests that the origin works on now, and the most that it ever did. */
let live = 0;
let mostLive = 0;

beforeAll(async () => {
  origin = await startOrigin((request, response) => {
    live++;
    mostLive = Math.max(mostLive, live);
    response.on('close', () => {
      live--;
    });
    request.resume();
    if (request.url !== '/never') response.end('ok');
  });
  server = await serverInProcess(origin.port);
});

afterAll(async () => {
  await server.stop();
  await origin.stop();
});

/** Bytes that do it, by stream. */
const floods: [name: string, stream: number, bytes: Uint8Array][] = [
  ['empty DATA', 0, concat(headers(UPLOAD), times(MANY, data('')))],
  ['reserved frames in a request', 0, concat(headers(UPLOAD), times(MANY, frame(0x21)))],
  ['reserved frames before a request', 0, times(MANY, frame(0x21))],
  ['reserved frames on the control stream', CONTROL, controlStream(times(MANY, frame(0x21)))],
  ['GOAWAY', CONTROL, controlStream(times(MANY, frame(FrameType.GOAWAY, 0)))],
  ['QPACK encoder instructions', CONTROL + 4, concat(Buffer.of(2), times(5 * MANY, Buffer.of(0x20)))],
  ['QPACK decoder instructions', CONTROL + 4, concat(Buffer.of(3), times(5 * MANY, Buffer.of(0x40)))],
  ['MAX_PUSH_ID', CONTROL, controlStream(times(MANY, frame(FrameType.MAX_PUSH_ID, 0)))],
];

/** What is done again and again, on the nth request stream. */
const streams: [name: string, action: (peer: RawPeer, id: number) => Promise<void>][] = [
  [
    'cancelled requests',
    async (peer, id) => {
      await peer.send(id, headers([...GET.slice(0, 6), ':path', '/never']), true);
      await peer.reset(id, Code.H3_REQUEST_CANCELLED);
      peer.stop(id, Code.H3_REQUEST_CANCELLED);
    },
  ],
  [
    'requests cancelled before their head',
    async (peer, id) => {
      await peer.reset(id, Code.H3_REQUEST_CANCELLED);
      peer.stop(id, Code.H3_REQUEST_CANCELLED);
    },
  ],
  ['requests that have to be reset', (peer, id) => peer.send(id, headers(OK), true)],
];

async function expectNextRequestWorks(): Promise<void> {
  const peer = await dialRaw(server.quicPort);
  await peer.send(CONTROL, controlStream());
  await peer.send(0, headers(GET), true);
  await peer.until(() => peer.stream(0).ended);
  expect(statusOf(peer.received(0))).toBe(200);
  peer.close();
}

describe('a flood of', () => {
  it.each(floods)('%s', async (_name, stream, bytes) => {
    const peer = await dialRaw(server.quicPort);
    if (stream !== CONTROL) await peer.send(CONTROL, controlStream());
    await peer.send(stream, bytes);
    await expectOutcome(peer, excessive);
    await expectNextRequestWorks();
  });

  it('unidirectional streams', async () => {
    const peer = await dialRaw(server.quicPort);
    await peer.send(CONTROL, controlStream(times(NEARLY, frame(0x21))));
    for (let count = 1; peer.closed === undefined; count++) {
      await peer.send(CONTROL + 4 * count, Buffer.of(0x21), true);
    }
    await expectOutcome(peer, excessive);
    await expectNextRequestWorks();
  });

  it.each(streams)('%s', async (_name, action) => {
    mostLive = 0;
    const peer = await dialRaw(server.quicPort);
    await peer.send(CONTROL, controlStream(times(NEARLY, frame(0x21))));
    for (let count = 0; peer.closed === undefined; count++) {
      await action(peer, 4 * count);
      if (count % 128 === 0) await turns();
    }
    await expectOutcome(peer, excessive);
    await expectNextRequestWorks();
    expect(mostLive).toBeLessThanOrEqual(100);
    expect(live).toBe(0);
  });
});

it('a client that floods again and again has to wait, while others at its address go on', async () => {
  const own = await serverInProcess(origin.port);
  const other = await dialRaw(own.quicPort);
  await other.send(CONTROL, controlStream());
  const flood = async (): Promise<string> => {
    const peer = await dialRaw(own.quicPort);
    await peer.send(CONTROL, controlStream(times(NEARLY + 200, frame(FrameType.GOAWAY, 0))));
    await peer.until(() => peer.closed !== undefined);
    return peer.closed?.reason ?? '';
  };
  let refusal = '';
  let floods = 0;
  while (refusal === '' && floods < 100) {
    await flood().then(
      () => floods++,
      (error: Error) => {
        refusal = error.message;
      },
    );
  }
  expect(refusal).toMatch(/peers at this address had to be disconnected again and again/);
  expect(floods).toBeGreaterThanOrEqual(20);
  await other.send(0, headers(GET), true);
  await other.until(() => other.stream(0).ended);
  expect(statusOf(other.received(0))).toBe(200);
  other.close();
  await own.stop();
});
