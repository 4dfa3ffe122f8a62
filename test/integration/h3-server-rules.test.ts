/** Every row of the design's table "HTTP/3 side" that a client can break, at a server end with an origin behind. */
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { Code } from '../../src/h3/codes.ts';
import { FrameType } from '../../src/h3/frames.ts';
import { concat, controlStream, data, GET, headers, POST } from '../../src/h3/recording-quic.fixture.ts';
import type { RunningServer } from '../../src/server.ts';
import { serverInProcess } from '../support/in-process.ts';
import { type Origin, startOrigin } from '../support/origin.ts';
import { dialRaw } from '../support/raw-peer.ts';
import {
  begun,
  type Cut,
  cutsOf,
  ended,
  expectOutcome,
  FORGOTTEN,
  frame,
  on,
  play,
  type Row,
  row,
  section,
  settingsOf,
  statusOf,
  trailers,
} from './h3-rows.fixture.ts';
import { OVER_62_BITS, QPACK_DECOMPRESSION_FAILED, sharedRows } from './h3-shared-rows.fixture.ts';

const { SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, PUSH_PROMISE } = FrameType;
const CONTROL = 2;

const unexpected = { connection: Code.H3_FRAME_UNEXPECTED };
const broken = { connection: Code.H3_FRAME_ERROR };
const incomplete = { stream: Code.H3_REQUEST_INCOMPLETE };
const malformed = { stream: Code.H3_MESSAGE_ERROR };
const undecodable = { connection: QPACK_DECOMPRESSION_FAILED };
const excessive = { stream: Code.H3_EXCESSIVE_LOAD };

const frames: Row[] = [
  row('DATA before HEADERS', unexpected, on(0, data('x'))),
  row('empty DATA before HEADERS', unexpected, on(0, data(''))),
  begun('DATA after trailers', unexpected, on(0, headers(POST), trailers, data('x'))),
  begun('HEADERS after trailers', unexpected, on(0, headers(POST), trailers, trailers)),
  ...[SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, PUSH_PROMISE, 0x02, 0x06, 0x08, 0x09].flatMap((type) => [
    row(`frame 0x${type.toString(16)} first on a request stream`, unexpected, on(0, frame(type, 0))),
    begun(`frame 0x${type.toString(16)} in a request`, unexpected, on(0, headers(POST), frame(type, 0))),
    begun(
      `frame 0x${type.toString(16)} after trailers`,
      unexpected,
      on(0, headers(POST), trailers, frame(type, 0)),
    ),
  ]),
  row('a request that ends inside HEADERS', broken, ended(0, headers(GET).subarray(0, 5))),
  begun('a request that ends inside DATA', broken, ended(0, headers(POST), Buffer.of(0, 5, 1))),
  begun('a request that ends inside a frame header', broken, ended(0, headers(POST), Buffer.of(0))),
  row('MAX_PUSH_ID overlong', broken, on(CONTROL, controlStream(frame(MAX_PUSH_ID, 0, 0)))),
  row('an empty request stream', incomplete, ended(0)),
  row('a request stream of reserved frames', incomplete, ended(0, frame(0x21, 1))),
];

const streams: Row[] = [
  row(
    'GOAWAY growing',
    { connection: Code.H3_ID_ERROR },
    on(CONTROL, controlStream(frame(GOAWAY, 4), frame(GOAWAY, 8))),
  ),
  row('a push stream', { connection: Code.H3_STREAM_CREATION_ERROR }, on(CONTROL, Buffer.of(1, 0))),
  row(
    'MAX_PUSH_ID shrinking',
    { connection: Code.H3_ID_ERROR },
    on(CONTROL, controlStream(frame(MAX_PUSH_ID, 5), frame(MAX_PUSH_ID, 4))),
  ),
];

const withField = (...field: string[]) => headers([...POST, ...field]);

const messages: Row[] = [
  row('a name in upper case', malformed, on(0, withField('X', 'y'))),
  row('a name with a space', malformed, on(0, withField('a b', 'y'))),
  row('a name with a colon', malformed, on(0, withField('a:b', 'y'))),
  row('an empty name', malformed, on(0, withField('', 'y'))),
  row('CR in a value', malformed, on(0, withField('x', 'a\rb'))),
  row('LF in a value', malformed, on(0, withField('x', 'a\nb'))),
  row('NUL in a value', malformed, on(0, withField('x', 'a\0b'))),
  row('CR LF in a name', malformed, on(0, withField('x\r\ny', 'z'))),
  row('LF in :path', malformed, on(0, headers([...POST.slice(0, 6), ':path', '/\nx']))),
  row('a space in :path', malformed, on(0, headers([...POST.slice(0, 6), ':path', '/ HTTP/1.1']))),
  row('a space in :method', malformed, on(0, headers([':method', 'GET /x', ...POST.slice(2)]))),
  row('a pseudo-field twice', malformed, on(0, headers([...POST, ':path', '/']))),
  ...[0, 2, 6].map((at) =>
    row(`no ${POST[at]}`, malformed, on(0, headers([...POST.slice(0, at), ...POST.slice(at + 2)]))),
  ),
  row('an unknown pseudo-field', malformed, on(0, withField(':x', 'y'))),
  row('a pseudo-field after a regular one', malformed, on(0, headers(['x', 'y', ...POST]))),
  row('a pseudo-field of a response', malformed, on(0, withField(':status', '200'))),
  begun('a pseudo-field in trailers', malformed, on(0, headers(POST), headers([':path', '/']))),
  ...['connection', 'keep-alive', 'proxy-connection', 'transfer-encoding', 'upgrade'].map((name) =>
    row(`the connection-specific field ${name}`, malformed, on(0, withField(name, 'x'))),
  ),
  row('te other than trailers', malformed, on(0, withField('te', 'gzip'))),
  begun(
    'a connection-specific field in trailers',
    malformed,
    on(0, headers(POST), headers(['upgrade', 'x'])),
  ),
  row(':authority and host differ', malformed, on(0, withField('host', 'b'))),
  row('host twice', malformed, on(0, withField('host', 'a', 'host', 'a'))),
  row('Content-Length twice', malformed, on(0, withField('content-length', '1', 'content-length', '1'))),
  row('Content-Length with a sign', malformed, on(0, withField('content-length', '+1'))),
  begun('content over Content-Length', malformed, on(0, withField('content-length', '2'), data('abc'))),
  begun(
    'content over Content-Length in a second frame',
    malformed,
    on(0, withField('content-length', '2'), data('ab'), data('c')),
  ),
  begun('content under Content-Length', malformed, ended(0, withField('content-length', '4'), data('abc'))),
  begun('no content for Content-Length', malformed, ended(0, withField('content-length', '4'))),
  begun('content for Content-Length 0', malformed, on(0, withField('content-length', '0'), data('a'))),
  begun(
    'trailers before Content-Length is met',
    malformed,
    on(0, withField('content-length', '4'), data('abc'), trailers),
  ),
];

const qpack: Row[] = [
  row('a bad static index', undecodable, on(0, section(0, 0, 0xff, 0x40))),
  row('a bad static index of a name', undecodable, on(0, section(0, 0, 0x5f, 0x60, 0))),
  row('a dynamic index', undecodable, on(0, section(0, 0, 0x80))),
  row('a post-Base index', undecodable, on(0, section(0, 0, 0x10))),
  row('a bad Required Insert Count', undecodable, on(0, section(0xff, 0xff, 0x7f, 0, 0xd1))),
  row('a Required Insert Count that would block', undecodable, on(0, section(1, 0, 0xd1))),
  row('a Base under 0', undecodable, on(0, section(0, 0x80, 0xd1))),
  row('Huffman padding over 7 bits', undecodable, on(0, section(0, 0, 0x51, 0x82, 0x1f, 0xff))),
  row('Huffman padding that is not ones', undecodable, on(0, section(0, 0, 0x51, 0x81, 0x18))),
  row('EOS in a Huffman string', undecodable, on(0, section(0, 0, 0x51, 0x84, 0xff, 0xff, 0xff, 0xff))),
  row('an integer over 62 bits', undecodable, on(0, section(0, 0, 0xff, ...OVER_62_BITS))),
  row('a length past the end', undecodable, on(0, section(0, 0, 0x23, 0x61))),
  row('an empty field section', undecodable, on(0, section())),
];

// Small as bytes, as Huffman coding of "a" takes 5 bits; large as a field section.
const tooManyBytes = ['x', 'a'.repeat(50_000)];
const tooManyLines = Array.from({ length: 201 }, () => ['a', '']).flat();

const oversized: Row[] = [
  row('a HEADERS frame over the limit', { status: 431 }, on(0, Buffer.of(1, 0x80, 1, 0, 0))),
  row('a decoded size over the limit', { status: 431 }, on(0, withField(...tooManyBytes))),
  row('too many lines', { status: 431 }, on(0, withField(...tooManyLines))),
  begun('trailers over the limit', excessive, on(0, headers(POST), headers(tooManyBytes))),
  begun('too many trailers', excessive, on(0, headers(POST), headers(tooManyLines))),
];

const reserved: Row[] = [
  row(
    'reserved frames in a request',
    { status: 200 },
    ended(0, frame(0x21, 1), headers(POST), frame(0x40, 2), data('x'), frame(0x21), trailers, frame(0x21)),
  ),
  row(
    'reserved frames on the control stream',
    { status: 200 },
    on(CONTROL, controlStream(frame(0x21, 1, 2, 3))),
    ended(0, headers(GET)),
  ),
  row(
    'reserved settings',
    { status: 200 },
    on(CONTROL, settingsOf(0x21, 1, 0x40, 0x5f, 7, 0x33, 1)),
    ended(0, headers(GET)),
  ),
  row(
    'reserved streams, and one that ends before its type is complete',
    { status: 200 },
    on(CONTROL, controlStream()),
    on(CONTROL + 4, Buffer.of(0x21), Buffer.from('anything')),
    ended(CONTROL + 8, Buffer.of(0x40)),
    ended(0, headers(GET)),
  ),
];

let origin: Origin;
let server: RunningServer;
/** Paths of requests whose head, and of those whose end, the origin saw. */
const heads: string[] = [];
const wholes: string[] = [];

beforeAll(async () => {
  origin = await startOrigin((request, response) => {
    heads.push(request.url ?? '');
    request.on('end', () => {
      wholes.push(request.url ?? '');
      response.end('ok');
    });
    request.resume();
  });
  server = await serverInProcess(origin.port);
});

afterAll(async () => {
  await server.stop();
  await origin.stop();
});

async function expectRefused(refused: Row, cut: Cut): Promise<void> {
  const peer = await dialRaw(server.quicPort);
  await play(peer, refused, cut, CONTROL);
  await expectOutcome(peer, refused.outcome);
  peer.close();
}

async function expectNextRequestWorks(): Promise<void> {
  const peer = await dialRaw(server.quicPort);
  await peer.send(CONTROL, controlStream());
  await peer.send(0, headers([...GET.slice(0, 6), ':path', '/next']), true);
  await peer.until(() => peer.stream(0).ended);
  expect(statusOf(peer.received(0))).toBe(200);
  peer.close();
}

describe.each([
  ['frames of a request stream', frames],
  ['control and QPACK streams', sharedRows(CONTROL)],
  ['streams and identifiers', streams],
  ['malformed messages', messages],
  ['field sections that cannot be decoded', qpack],
  ['field sections over the limits', oversized],
])('%s', (_group, rows) => {
  it.each(rows.map((each) => [each.name, each] as const))('%s', async (_name, refused) => {
    heads.length = 0;
    wholes.length = 0;
    for (const cut of cutsOf(refused, 3)) await expectRefused(refused, cut);
    await expectNextRequestWorks();
    expect(wholes).toEqual(['/next']);
    if (refused.begun !== true) expect(heads).toEqual(['/next']);
  });
});

describe('reserved things are ignored', () => {
  it.each(reserved.map((each) => [each.name, each] as const))('%s', async (_name, ignored) => {
    for (const cut of cutsOf(ignored, 3)) await expectRefused(ignored, cut);
  });

  it('but streams of unknown types are refused on their own', async () => {
    const peer = await dialRaw(server.quicPort);
    await peer.send(CONTROL, controlStream());
    await peer.send(CONTROL + 4, concat(Buffer.of(0x22), Buffer.alloc(100)));
    await peer.until(() => peer.stream(CONTROL + 4).stopped !== undefined);
    expect([Code.H3_STREAM_CREATION_ERROR, FORGOTTEN]).toContain(peer.stream(CONTROL + 4).stopped);
    expect(peer.closed).toBeUndefined();
    peer.close();
  });
});

describe('after a fatal error', () => {
  it('nothing more of what came with it is processed', async () => {
    wholes.length = 0;
    const peer = await dialRaw(server.quicPort);
    await peer.send(0, concat(data('x'), headers(GET)), true);
    await expectOutcome(peer, unexpected);
    await expectNextRequestWorks();
    expect(wholes).toEqual(['/next']);
  });
});
