/** Every row of the design's table "HTTP/3 side" that a server can break, at a client end with HTTP/1.1 in front. */
import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import type { RunningClient } from '../../src/client.ts';
import { Code } from '../../src/h3/codes.ts';
import { FrameType } from '../../src/h3/frames.ts';
import { concat, controlStream, data, headers, OK } from '../../src/h3/recording-quic.fixture.ts';
import { clientInProcess } from '../support/in-process.ts';
import { type RawPeer, RawServer } from '../support/raw-peer.ts';
import {
  type Cut,
  cutsOf,
  ended,
  expectOutcome,
  frame,
  on,
  play,
  type Row,
  row,
  section,
  settingsOf,
  trailers,
} from './h3-rows.fixture.ts';
import { OVER_62_BITS, QPACK_DECOMPRESSION_FAILED, sharedRows } from './h3-shared-rows.fixture.ts';

const { SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, PUSH_PROMISE } = FrameType;
const CONTROL = 3;
const UNFINISHED = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nx\r\n';

const unexpected = { connection: Code.H3_FRAME_UNEXPECTED };
const broken = { connection: Code.H3_FRAME_ERROR };
const malformed = { stream: Code.H3_MESSAGE_ERROR };
const wrongId = { connection: Code.H3_ID_ERROR };
const undecodable = { connection: QPACK_DECOMPRESSION_FAILED };
const excessive = { stream: Code.H3_EXCESSIVE_LOAD };

const frames: Row[] = [
  row('DATA before HEADERS', unexpected, on(0, data('x'))),
  row('DATA after an interim response', unexpected, on(0, headers([':status', '103']), data('x'))),
  row('DATA after trailers', unexpected, on(0, headers(OK), trailers, data('x'))),
  row('HEADERS after trailers', unexpected, on(0, headers(OK), trailers, trailers)),
  ...[SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, 0x02, 0x06, 0x08, 0x09].flatMap((type) => [
    row(`frame 0x${type.toString(16)} before a response`, unexpected, on(0, frame(type, 0))),
    row(`frame 0x${type.toString(16)} in a response`, unexpected, on(0, headers(OK), frame(type, 0))),
  ]),
  row('MAX_PUSH_ID', unexpected, on(CONTROL, controlStream(frame(MAX_PUSH_ID, 0)))),
  row('a response that ends inside HEADERS', broken, ended(0, headers(OK).subarray(0, 3))),
  row('a response that ends inside DATA', broken, ended(0, headers(OK), Buffer.of(0, 5, 1))),
  row('a response that ends inside a frame header', broken, ended(0, headers(OK), Buffer.of(0))),
];

const pushes: Row[] = [
  row(
    'GOAWAY growing',
    wrongId,
    on(CONTROL, controlStream()),
    on(0, headers([':status', '103'])),
    on(CONTROL, frame(GOAWAY, 4), frame(GOAWAY, 8)),
  ),
  row('a push stream that was never allowed', wrongId, on(CONTROL, Buffer.of(1, 0))),
  row('PUSH_PROMISE that was never allowed', wrongId, on(0, frame(PUSH_PROMISE, 0))),
  ...[1, 2, 3].map((id) =>
    row(`GOAWAY with ${id}, no request stream`, wrongId, on(CONTROL, controlStream(frame(GOAWAY, id)))),
  ),
];

const GET = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';
const HEAD = UNFINISHED.replace('POST', 'HEAD');

const messages: Row[] = [
  row('an empty response stream', malformed, ended(0)),
  row('an interim response alone', malformed, ended(0, headers([':status', '100']))),
  row('a name in upper case', malformed, on(0, headers([...OK, 'X', 'y']))),
  row('a name with a space', malformed, on(0, headers([...OK, 'a b', 'y']))),
  row('CR in a value', malformed, on(0, headers([...OK, 'x', 'a\rb']))),
  row('LF in a value', malformed, on(0, headers([...OK, 'x', 'a\nb']))),
  row('NUL in a value', malformed, on(0, headers([...OK, 'x', 'a\0b']))),
  row('LF in a value of an interim response', malformed, on(0, headers([':status', '103', 'x', 'a\nb']))),
  row(':status twice', malformed, on(0, headers([...OK, ':status', '200']))),
  row('no :status', malformed, on(0, headers(['x', 'y']))),
  row('a status with four digits', malformed, on(0, headers([':status', '2000']))),
  row('a status over 599', malformed, on(0, headers([':status', '600']))),
  row('status 101', malformed, on(0, headers([':status', '101']))),
  row('an unknown pseudo-field', malformed, on(0, headers([...OK, ':x', 'y']))),
  row('a pseudo-field after a regular one', malformed, on(0, headers(['x', 'y', ...OK]))),
  row('a pseudo-field of a request', malformed, on(0, headers([...OK, ':path', '/']))),
  row('a pseudo-field in trailers', malformed, on(0, headers(OK), headers([':status', '200']))),
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade', 'te'].map((name) =>
    row(`the connection-specific field ${name}`, malformed, on(0, headers([...OK, name, 'trailers']))),
  ),
  row(
    'Content-Length twice',
    malformed,
    on(0, headers([...OK, ...Array(2).fill(['content-length', '1'])].flat())),
  ),
  row('content over Content-Length', malformed, on(0, headers([...OK, 'content-length', '2']), data('abc'))),
  row(
    'content under Content-Length',
    malformed,
    ended(0, headers([...OK, 'content-length', '4']), data('abc')),
  ),
  row('content with status 204', malformed, on(0, headers([':status', '204']), data('abc'))),
  row('content with status 304', malformed, on(0, headers([':status', '304']), data('abc'))),
  { ...row('content in an answer to HEAD', malformed, on(0, headers(OK), data('abc'))), request: HEAD },
];

const qpack: Row[] = [
  row('a bad static index', undecodable, on(0, section(0, 0, 0xff, 0x40))),
  row('a dynamic index', undecodable, on(0, section(0, 0, 0x80))),
  row('a bad Required Insert Count', undecodable, on(0, section(0xff, 0xff, 0x7f, 0, 0xd9))),
  row('a Base under 0', undecodable, on(0, section(0, 0x80, 0xd9))),
  row('Huffman padding over 7 bits', undecodable, on(0, section(0, 0, 0x51, 0x82, 0x1f, 0xff))),
  row('EOS in a Huffman string', undecodable, on(0, section(0, 0, 0x51, 0x84, 0xff, 0xff, 0xff, 0xff))),
  row('an integer over 62 bits', undecodable, on(0, section(0, 0, 0xff, ...OVER_62_BITS))),
  row('a length past the end', undecodable, on(0, section(0, 0, 0x23, 0x61))),
];

const tooManyBytes = ['x', 'a'.repeat(50_000)];
const tooManyLines = Array.from({ length: 201 }, () => ['a', '']).flat();
const interims = (count: number) => Array.from({ length: count }, () => headers([':status', '103']));

const oversized: Row[] = [
  row('a HEADERS frame over the limit', excessive, on(0, Buffer.of(1, 0x80, 1, 0, 0))),
  row('a decoded size over the limit', excessive, on(0, headers([...OK, ...tooManyBytes]))),
  row('too many lines', excessive, on(0, headers([...OK, ...tooManyLines]))),
  row('trailers over the limit', excessive, on(0, headers(OK), headers(tooManyBytes))),
  row('17 interim responses', excessive, on(0, ...interims(17))),
];

const reserved: Row[] = [
  row(
    'frames in a response',
    { status: 200 },
    ended(0, frame(0x21, 1), headers(OK), frame(0x40, 2), data('x'), frame(0x21), trailers, frame(0x21)),
  ),
  row(
    'frames on the control stream',
    { status: 200 },
    on(CONTROL, controlStream(frame(0x21, 1, 2, 3))),
    ended(0, headers(OK)),
  ),
  row(
    'settings',
    { status: 200 },
    on(CONTROL, settingsOf(0x21, 1, 0x40, 0x5f, 7, 0x33, 1)),
    ended(0, headers(OK)),
  ),
  row(
    'streams, and one that ends before its type is complete',
    { status: 200 },
    on(CONTROL, controlStream()),
    on(CONTROL + 4, Buffer.of(0x21), Buffer.from('anything')),
    ended(CONTROL + 8, Buffer.of(0x40)),
    ended(0, headers(OK)),
  ),
];

/** A client end, a server for it alone, and the first connection between them. */
interface Connected {
  readonly server: RawServer;
  readonly starting: Promise<RunningClient>;
  readonly peer: RawPeer;
}

async function connected(): Promise<Connected> {
  const server = await RawServer.start();
  const starting = clientInProcess(server.port, { system: { connect_interval: 10 } });
  const peer = await server.next();
  onTestFinished(async () => {
    peer.close();
    await (await starting).stop();
    await server.stop();
  });
  return { server, starting, peer };
}

/** An HTTP/1.1 request on the wire, and what came back. */
function ask(port: number, bytes: string): { socket: Socket; answer: () => string } {
  const socket = connect(port, '127.0.0.1');
  let text = '';
  socket.setEncoding('latin1').on('data', (part: string) => {
    text += part;
  });
  socket.on('error', () => undefined);
  socket.write(bytes);
  return { socket, answer: () => text };
}

async function playWithRequest(refused: Row, cut: Cut): Promise<void> {
  const { server, starting, peer } = await connected();
  const [first, ...rest] = refused.steps;
  const ownControl = first !== undefined && first.id === CONTROL;
  if (!ownControl) await peer.send(CONTROL, controlStream());
  else await play(peer, { ...refused, steps: [first] }, undefined, CONTROL);
  const client = await starting;
  const { socket, answer } = ask(client.httpPort, refused.request ?? UNFINISHED);
  await peer.until(() => peer.received(0).length > 0);
  await play(peer, ownControl ? { ...refused, steps: rest } : refused, cut, CONTROL);
  if (!('status' in refused.outcome)) await expectOutcome(peer, refused.outcome);
  await answered(socket, answer, refused);
  await expectNextRequestWorks(client, server, peer);
}

// Either a whole 502, or a response that was cut: never one that could be taken for complete.
async function answered(socket: Socket, answer: () => string, { outcome }: Row): Promise<void> {
  if ('status' in outcome) {
    while (!/\r\n0\r\n(?:X: y\r\n)?\r\n$/.test(answer())) await once(socket, 'data');
    expect(answer()).toMatch(/^HTTP\/1\.1 200 OK\r\n/);
  } else {
    const whole = /^HTTP\/1\.1 502 [\s\S]*\r\n\r\n(?:request stream failed: .+)?$/;
    while (!whole.test(lastResponse(answer())) && !socket.closed) {
      await Promise.race([once(socket, 'data'), once(socket, 'close')]);
    }
    if (socket.closed) expect(answer()).not.toMatch(/\r\n0\r\n\r\n$/);
  }
  socket.destroy();
}

const lastResponse = (text: string): string => text.slice(Math.max(0, text.lastIndexOf('HTTP/1.1 ')));

async function playBefore(refused: Row, cut: Cut): Promise<void> {
  const { server, starting, peer } = await connected();
  await play(peer, refused, cut, CONTROL);
  await expectOutcome(peer, refused.outcome);
  await expectNextRequestWorks(await starting, server, peer);
}

async function expectNextRequestWorks(
  client: RunningClient,
  server: RawServer,
  before: RawPeer,
): Promise<void> {
  const peer = before.closed === undefined ? before : await server.next();
  if (peer !== before) await peer.send(CONTROL, controlStream());
  const id = peer === before ? 4 : 0;
  const { socket, answer } = ask(client.httpPort, 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
  await peer.until(() => peer.stream(id).ended);
  await peer.send(id, concat(headers([...OK, 'content-length', '2']), data('ok')), true);
  await once(socket, 'close');
  expect(answer()).toMatch(/^HTTP\/1\.1 200 OK\r\n[\s\S]*\r\n\r\nok$/);
}

describe.each([
  ['frames of a response', frames],
  ['control and QPACK streams', sharedRows(CONTROL)],
  ['pushes and identifiers', pushes],
  ['malformed messages', messages],
  ['field sections that cannot be decoded', qpack],
  ['field sections over the limits', oversized],
  ['reserved things are ignored', reserved.map((each) => ({ ...each, request: GET }))],
])('%s', (_group, rows) => {
  it.each(rows.map((each) => [each.name, each] as const))('%s', async (_name, refused) => {
    const withRequest = refused.steps.some(({ id }) => id === 0);
    for (const cut of cutsOf(refused, 1)) {
      if (withRequest) await playWithRequest(refused, cut);
      else await playBefore(refused, cut);
    }
  });
});

describe('bidirectional streams of a server', () => {
  it('are not possible, as the client gives no credit for them', async () => {
    const { starting, peer } = await connected();
    await peer.send(CONTROL, controlStream());
    await starting;
    expect(peer.tryOpen('bidirectional')).toBe(false);
  });
});
