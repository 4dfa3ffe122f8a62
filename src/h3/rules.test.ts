import { describe, expect, it } from 'vitest';
import type { Role, StreamId } from '../quic/port.ts';
import { Code } from './codes.ts';
import { encodeFrame, encodeIntegerFrame, FrameType } from './frames.ts';
import type { FieldLines } from './port.ts';
import {
  concat,
  controlStream,
  data,
  GET,
  type Harness,
  harness,
  headers,
  OK,
  POST,
  type RecordingEvents,
  readyClient,
  request,
  settings,
  text,
} from './recording-quic.fixture.ts';

/**
 * The rows of the design's table "HTTP/3 side": what a peer sends, and the code that it must see, on the stream or
 * on the connection. Every row is fed whole, byte by byte, and with its last step cut at every position.
 */
interface Row {
  readonly name: string;
  /** Who receives. */
  readonly role: Role;
  readonly steps: readonly Step[];
  /** Code of the close, or of the reset of stream 0. */
  readonly connection?: number;
  readonly stream?: number;
  /** The client's request; GET unless said. */
  readonly request?: FieldLines;
}

type Step =
  | { readonly id: StreamId; readonly bytes: Uint8Array; readonly fin?: boolean }
  | { readonly id: StreamId; readonly reset: number }
  | { readonly id: StreamId; readonly stop: number };

const {
  H3_FRAME_UNEXPECTED,
  H3_FRAME_ERROR,
  H3_REQUEST_INCOMPLETE,
  H3_MISSING_SETTINGS,
  H3_SETTINGS_ERROR,
  H3_STREAM_CREATION_ERROR,
  H3_CLOSED_CRITICAL_STREAM,
  H3_ID_ERROR,
  H3_MESSAGE_ERROR,
  H3_EXCESSIVE_LOAD,
} = Code;
const QPACK_DECOMPRESSION_FAILED = 0x200;
const QPACK_ENCODER_STREAM_ERROR = 0x201;
const QPACK_DECODER_STREAM_ERROR = 0x202;

const { SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, PUSH_PROMISE, HEADERS, DATA } = FrameType;
const trailers = headers(['x', 'y']);
const frame = (type: number, ...payload: number[]) => encodeFrame(type, Buffer.from(payload));
const on = (id: StreamId, ...parts: Uint8Array[]): Step => ({ id, bytes: concat(...parts) });
const ended = (id: StreamId, ...parts: Uint8Array[]): Step => ({ id, bytes: concat(...parts), fin: true });
const settingsOf = (...payload: number[]) => concat(Buffer.of(0), frame(SETTINGS, ...payload));

const server = (name: string, outcome: Pick<Row, 'connection' | 'stream'>, ...steps: Step[]): Row => ({
  name: `server: ${name}`,
  role: 'server',
  steps,
  ...outcome,
});
const client = (name: string, outcome: Pick<Row, 'connection' | 'stream'>, ...steps: Step[]): Row => ({
  name: `client: ${name}`,
  role: 'client',
  steps,
  ...outcome,
});
const both = (
  name: string,
  outcome: Pick<Row, 'connection'>,
  steps: (control: StreamId) => Step[],
): Row[] => [server(name, outcome, ...steps(2)), client(name, outcome, ...steps(3))];

const unexpected = { connection: H3_FRAME_UNEXPECTED };
const malformed = { stream: H3_MESSAGE_ERROR };

const requestStreamFrames: Row[] = [
  server('DATA before HEADERS', unexpected, on(0, data('x'))),
  server('empty DATA before HEADERS', unexpected, on(0, data(''))),
  client('DATA before HEADERS', unexpected, on(0, data('x'))),
  client('DATA after an interim response', unexpected, on(0, headers([':status', '103']), data('x'))),
  server('DATA after trailers', unexpected, on(0, headers(POST), trailers, data('x'))),
  server('HEADERS after trailers', unexpected, on(0, headers(POST), trailers, trailers)),
  client('HEADERS after trailers', unexpected, on(0, headers(OK), trailers, trailers)),
  ...[SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, 0x02, 0x06, 0x08, 0x09].flatMap((type) => [
    server(`frame type ${type} first on a request stream`, unexpected, on(0, frame(type, 0))),
    server(`frame type ${type} in a request`, unexpected, on(0, headers(POST), frame(type, 0))),
    client(`frame type ${type} in a response`, unexpected, on(0, headers(OK), frame(type, 0))),
  ]),
  server('PUSH_PROMISE', unexpected, on(0, headers(POST), frame(PUSH_PROMISE, 0))),
  client('PUSH_PROMISE that was never allowed', { connection: H3_ID_ERROR }, on(0, frame(PUSH_PROMISE, 0))),
  server('a request cut in a frame', { connection: H3_FRAME_ERROR }, ended(0, headers(GET).subarray(0, 5))),
  server(
    'a request cut in DATA',
    { connection: H3_FRAME_ERROR },
    ended(0, headers(POST), Buffer.of(0, 5, 1)),
  ),
  server(
    'a request cut in a frame header',
    { connection: H3_FRAME_ERROR },
    ended(0, headers(POST), Buffer.of(0)),
  ),
  client('a response cut in DATA', { connection: H3_FRAME_ERROR }, ended(0, headers(OK), Buffer.of(0, 5, 1))),
  server('an empty request stream', { stream: H3_REQUEST_INCOMPLETE }, ended(0)),
  server('a request stream of reserved frames', { stream: H3_REQUEST_INCOMPLETE }, ended(0, frame(0x21, 1))),
  client('an empty response stream', malformed, ended(0)),
  client(
    'a response stream with an interim response alone',
    malformed,
    ended(0, headers([':status', '100'])),
  ),
];

const controlFrames: Row[] = [
  ...[DATA, HEADERS, PUSH_PROMISE, 0x02, 0x06, 0x08, 0x09].flatMap((type) =>
    both(`frame type ${type} on the control stream`, unexpected, (id) => [
      on(id, controlStream(frame(type, 0))),
    ]),
  ),
  ...both('second SETTINGS', unexpected, (id) => [on(id, controlStream(settings()))]),
  client('MAX_PUSH_ID', unexpected, on(3, controlStream(frame(MAX_PUSH_ID, 0)))),
  ...[GOAWAY, DATA, 0x21, 0x02, MAX_PUSH_ID].flatMap((type) =>
    both(`frame type ${type} before SETTINGS`, { connection: H3_MISSING_SETTINGS }, (id) => [
      on(id, Buffer.of(0), frame(type, 0), settings()),
    ]),
  ),
  ...[0x00, 0x02, 0x03, 0x04, 0x05].flatMap((setting) =>
    both(`setting ${setting}`, { connection: H3_SETTINGS_ERROR }, (id) => [on(id, settingsOf(setting, 0))]),
  ),
  ...both('setting repeated', { connection: H3_SETTINGS_ERROR }, (id) => [on(id, settingsOf(6, 1, 6, 1))]),
  ...both('reserved setting repeated', { connection: H3_SETTINGS_ERROR }, (id) => [
    on(id, settingsOf(0x21, 1, 0x21, 2)),
  ]),
  ...both('SETTINGS cut in a value', { connection: H3_FRAME_ERROR }, (id) => [on(id, settingsOf(6))]),
  ...both('SETTINGS cut in an integer', { connection: H3_FRAME_ERROR }, (id) => [
    on(id, settingsOf(6, 0x40)),
  ]),
  ...both('SETTINGS of 5,000 bytes', { connection: H3_EXCESSIVE_LOAD }, (id) => [
    on(id, Buffer.of(0, SETTINGS, 0x53, 0x88)),
  ]),
  ...both('GOAWAY with a truncated payload', { connection: H3_FRAME_ERROR }, (id) => [
    on(id, controlStream(frame(GOAWAY, 0x40))),
  ]),
  ...both('GOAWAY with an overlong payload', { connection: H3_FRAME_ERROR }, (id) => [
    on(id, controlStream(frame(GOAWAY, 0, 0))),
  ]),
  ...both('GOAWAY without payload', { connection: H3_FRAME_ERROR }, (id) => [
    on(id, controlStream(frame(GOAWAY))),
  ]),
  ...both('GOAWAY of 5,000 bytes', { connection: H3_FRAME_ERROR }, (id) => [
    on(id, controlStream(Buffer.of(GOAWAY, 0x53, 0x88))),
  ]),
  server(
    'MAX_PUSH_ID overlong',
    { connection: H3_FRAME_ERROR },
    on(2, controlStream(frame(MAX_PUSH_ID, 0, 0))),
  ),
  server(
    'MAX_PUSH_ID shrinking',
    { connection: H3_ID_ERROR },
    on(2, controlStream(frame(MAX_PUSH_ID, 5), frame(MAX_PUSH_ID, 4))),
  ),
  ...both('GOAWAY growing', { connection: H3_ID_ERROR }, (id) => [
    on(id, controlStream(frame(GOAWAY, 4), frame(GOAWAY, 8))),
  ]),
  ...[1, 2, 3].map((id) =>
    client(
      `GOAWAY with ${id}, no request stream`,
      { connection: H3_ID_ERROR },
      on(3, controlStream(frame(GOAWAY, id))),
    ),
  ),
  ...both('CANCEL_PUSH of a push that never was', { connection: H3_ID_ERROR }, (id) => [
    on(id, controlStream(frame(CANCEL_PUSH, 0))),
  ]),
];

const streams: Row[] = [
  ...[0, 2, 3].flatMap((type) =>
    both(`second stream of type ${type}`, { connection: H3_STREAM_CREATION_ERROR }, (id) => [
      on(id, Buffer.of(type)),
      on(id + 4, Buffer.of(type)),
    ]),
  ),
  server('push stream', { connection: H3_STREAM_CREATION_ERROR }, on(2, Buffer.of(1, 0))),
  client('push stream that was never allowed', { connection: H3_ID_ERROR }, on(3, Buffer.of(1, 0))),
  client(
    'bidirectional stream opened by the server',
    { connection: H3_STREAM_CREATION_ERROR },
    on(1, headers(GET)),
  ),
  client(
    'bidirectional stream reset by the server',
    { connection: H3_STREAM_CREATION_ERROR },
    { id: 1, reset: 0 },
  ),
  ...[0, 2, 3].flatMap((type) => [
    ...both(`critical stream of type ${type} closed`, { connection: H3_CLOSED_CRITICAL_STREAM }, (id) => [
      ended(id, Buffer.of(type)),
    ]),
    ...both(`critical stream of type ${type} reset`, { connection: H3_CLOSED_CRITICAL_STREAM }, (id) => [
      on(id, Buffer.of(type)),
      { id, reset: 0 },
    ]),
  ]),
  ...[0, 4, 8].flatMap((offset) => [
    server('critical stream stopped', { connection: H3_CLOSED_CRITICAL_STREAM }, { id: 3 + offset, stop: 0 }),
    client('critical stream stopped', { connection: H3_CLOSED_CRITICAL_STREAM }, { id: 2 + offset, stop: 0 }),
  ]),
];

const withField = (...field: string[]) => headers([...POST, ...field]);

const messages: Row[] = [
  server('name in upper case', malformed, on(0, withField('X', 'y'))),
  server('name with a space', malformed, on(0, withField('a b', 'y'))),
  server('name with a colon', malformed, on(0, withField('a:b', 'y'))),
  server('CR in a value', malformed, on(0, withField('x', 'a\rb'))),
  server('LF in a value', malformed, on(0, withField('x', 'a\nb'))),
  server('NUL in a value', malformed, on(0, withField('x', 'a\0b'))),
  server('pseudo-field twice', malformed, on(0, headers([...POST, ':path', '/']))),
  server('pseudo-field missing', malformed, on(0, headers(POST.slice(2)))),
  server('pseudo-field unknown', malformed, on(0, headers([...POST, ':x', 'y']))),
  server('pseudo-field after a regular one', malformed, on(0, headers(['x', 'y', ...POST]))),
  server('pseudo-field of a response', malformed, on(0, headers([...POST, ':status', '200']))),
  server('pseudo-field in trailers', malformed, on(0, headers(POST), headers([':path', '/']))),
  server('connection-specific field', malformed, on(0, withField('transfer-encoding', 'chunked'))),
  server(
    'connection-specific field in trailers',
    malformed,
    on(0, headers(POST), headers(['connection', 'x'])),
  ),
  server(':authority and host differ', malformed, on(0, withField('host', 'b'))),
  server('content over Content-Length', malformed, on(0, withField('content-length', '2'), data('abc'))),
  server('content under Content-Length', malformed, ended(0, withField('content-length', '4'), data('abc'))),
  server('no content for Content-Length', malformed, ended(0, withField('content-length', '4'))),
  server(
    'trailers before Content-Length is met',
    malformed,
    on(0, withField('content-length', '4'), data('abc'), trailers),
  ),
  client('pseudo-field of a request', malformed, on(0, headers([...OK, ':path', '/']))),
  client('no :status', malformed, on(0, headers(['x', 'y']))),
  client('status 101', malformed, on(0, headers([':status', '101']))),
  client(
    'content over Content-Length',
    malformed,
    on(0, headers([...OK, 'content-length', '2']), data('abc')),
  ),
  client(
    'content under Content-Length',
    malformed,
    ended(0, headers([...OK, 'content-length', '4']), data('abc')),
  ),
  client('pseudo-field in trailers', malformed, on(0, headers(OK), headers([':status', '200']))),
  client('content with status 204', malformed, on(0, headers([':status', '204']), data('abc'))),
  client('content with status 304', malformed, on(0, headers([':status', '304']), data('abc'))),
  {
    ...client('content in an answer to HEAD', malformed, on(0, headers(OK), data('abc'))),
    request: [':method', 'HEAD', ...GET.slice(2)],
  },
];

const oversized: Row[] = [
  server('field section over the limit', { stream: H3_EXCESSIVE_LOAD }, on(0, Buffer.of(HEADERS, 0x60, 0))),
  server('decoded size over the limit', { stream: H3_EXCESSIVE_LOAD }, on(0, withField(...tooManyBytes()))),
  server('too many lines', { stream: H3_EXCESSIVE_LOAD }, on(0, withField(...tooManyLines()))),
  server(
    'trailers over the limit',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, headers(POST), headers(tooManyBytes())),
  ),
  server('too many trailers', { stream: H3_EXCESSIVE_LOAD }, on(0, headers(POST), headers(tooManyLines()))),
  client('field section over the limit', { stream: H3_EXCESSIVE_LOAD }, on(0, Buffer.of(HEADERS, 0x60, 0))),
  client(
    'decoded size over the limit',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, headers([...OK, ...tooManyBytes()])),
  ),
  client(
    'trailers over the limit',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, headers(OK), headers(tooManyBytes())),
  ),
  client(
    '17 interim responses',
    { stream: H3_EXCESSIVE_LOAD },
    on(0, ...Array.from({ length: 17 }, () => headers([':status', '103']))),
  ),
];

// Small as bytes (Huffman coding of "a" takes 5 bits), large as a field section.
function tooManyBytes(): string[] {
  return ['x', 'a'.repeat(4090)];
}

function tooManyLines(): string[] {
  return Array.from({ length: 51 }, () => ['a', '']).flat();
}

const qpack: Row[] = [
  server(
    'bad static index',
    { connection: QPACK_DECOMPRESSION_FAILED },
    on(0, frame(HEADERS, 0, 0, 0xff, 0x40)),
  ),
  client(
    'bad static index',
    { connection: QPACK_DECOMPRESSION_FAILED },
    on(0, frame(HEADERS, 0, 0, 0xff, 0x40)),
  ),
  server(
    'Required Insert Count',
    { connection: QPACK_DECOMPRESSION_FAILED },
    on(0, frame(HEADERS, 1, 0, 0xd1)),
  ),
  server(
    'length past the end',
    { connection: QPACK_DECOMPRESSION_FAILED },
    on(0, frame(HEADERS, 0, 0, 0x23, 0x61)),
  ),
  server('empty field section', { connection: QPACK_DECOMPRESSION_FAILED }, on(0, frame(HEADERS))),
  ...both('capacity over the limit', { connection: QPACK_ENCODER_STREAM_ERROR }, (id) => [
    on(id, Buffer.of(2, 0x3f, 0x01)),
  ]),
  ...both('insert increment of 0', { connection: QPACK_DECODER_STREAM_ERROR }, (id) => [
    on(id, Buffer.of(3, 0x00)),
  ]),
  ...both('unknown acknowledgment', { connection: QPACK_DECODER_STREAM_ERROR }, (id) => [
    on(id, Buffer.of(3, 0x80)),
  ]),
];

interface Run {
  readonly peer: Harness;
  readonly events: RecordingEvents | undefined;
}

function start(row: Row): Run {
  if (row.role === 'server') return { peer: harness('server'), events: undefined };
  // Rows about the control stream bring their own; the others need SETTINGS to have a request.
  const needsRequest = row.steps.some((step) => step.id === 0);
  if (!needsRequest) return { peer: harness('client'), events: undefined };
  const peer = readyClient();
  return { peer, events: request(peer, row.request, false).events };
}

type Cut = (bytes: Uint8Array, isLast: boolean) => Uint8Array[];

function play(row: Row, cut: Cut): Run {
  const run = start(row);
  for (const step of row.steps) {
    if ('reset' in step) run.peer.reset(step.id, step.reset);
    else if ('stop' in step) run.peer.stop(step.id, step.stop);
    else {
      const pieces = cut(step.bytes, step === row.steps.at(-1));
      pieces.forEach((piece, index) => {
        run.peer.receive(step.id, piece, step.fin === true && index === pieces.length - 1);
      });
    }
  }
  return run;
}

function expectOutcome(row: Row, { peer, events }: Run): void {
  const { quic } = peer;
  if (row.connection !== undefined) {
    expect(quic.closes.map(([code]) => code)).toEqual([row.connection]);
  } else {
    expect(quic.closes).toEqual([]);
    expect(quic.resets).toEqual([[0, row.stream]]);
    expect(quic.stops).toEqual([[0, row.stream]]);
    if (row.role === 'client') expect(events?.failures.map((failure) => failure.code)).toEqual([row.stream]);
  }
  for (const told of [events, ...peer.requests.map((request) => request.events)]) {
    expect(told?.log ?? []).not.toContain('end');
  }
}

function expectEverywhere(row: Row): void {
  expectOutcome(
    row,
    play(row, (bytes) => [bytes]),
  );
  expectOutcome(row, play(row, bytewise));
  const length = lastLength(row);
  for (let at = 1; at < length; at++) {
    expectOutcome(
      row,
      play(row, (bytes, isLast) => (isLast ? [bytes.subarray(0, at), bytes.subarray(at)] : [bytes])),
    );
  }
}

const bytewise: Cut = (bytes) => (bytes.length === 0 ? [bytes] : [...bytes].map((byte) => Buffer.of(byte)));

function lastLength(row: Row): number {
  const last = row.steps.at(-1);
  return last !== undefined && 'bytes' in last ? last.bytes.length : 0;
}

describe.each([
  ['frames on request streams', requestStreamFrames],
  ['control stream', controlFrames],
  ['streams', streams],
  ['malformed messages', messages],
  ['field sections over the limits', oversized],
  ['QPACK', qpack],
] as const)('%s', (_group, rows) => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    expectEverywhere(row);
  });
});

describe('what is malformed in the head', () => {
  it.each(
    messages
      .filter((row) => row.role === 'server' && row.steps.length === 1 && !row.name.includes('ontent'))
      .slice(0, 11),
  )('is never shown to the server ($name)', (row) => {
    expect(play(row, (bytes) => [bytes]).peer.requests).toEqual([]);
  });
});

describe('reserved things are ignored', () => {
  it('frames, in any place of a message and of the control stream', () => {
    const server = harness('server');
    const reserved = frame(0x21, 1, 2, 3);
    server.receive(2, controlStream(reserved, reserved));
    server.receive(
      0,
      concat(reserved, headers(POST), reserved, data('x'), reserved, trailers, reserved),
      true,
    );
    expect(server.requests[0]?.events.log).toEqual(['data x', 'trailers x y', 'end']);
    expect(server.quic.closes).toEqual([]);
  });

  it('settings', () => {
    const server = harness('server');
    server.receive(2, settingsOf(0x21, 1, 0x40, 0x5f, 7, 0x33, 1));
    expect(server.log).toEqual(['ready']);
  });

  it('streams, which are refused on their own', () => {
    const server = harness('server');
    server.receive(2, concat(Buffer.of(0x21), text('anything')));
    expect(server.quic.stops).toEqual([[2, H3_STREAM_CREATION_ERROR]]);
    expect(server.quic.closes).toEqual([]);
  });

  it('a stream that ends before its type is complete', () => {
    const server = harness('server');
    server.receive(2, Buffer.of(0x40), true);
    server.receive(6, Buffer.of(), true);
    server.reset(10, 0);
    expect(server.quic.closes).toEqual([]);
  });
});

describe('floods', () => {
  const COUNT = 10_001;
  const flooded = (feed: (server: Harness, index: number) => void, options = {}) => {
    const server = harness('server', options);
    for (let index = 0; index < COUNT; index++) feed(server, index);
    return server.quic.closes.map(([code]) => code);
  };

  it.each<[string, (server: Harness, index: number) => void]>([
    [
      'empty DATA',
      (server, index) => server.receive(0, index === 0 ? concat(headers(POST), data('')) : data('')),
    ],
    ['reserved frames', (server) => server.receive(0, frame(0x21))],
    [
      'reserved frames on the control stream',
      (server, index) => server.receive(2, index === 0 ? controlStream(frame(0x21)) : frame(0x21)),
    ],
    [
      'GOAWAY',
      (server, index) => server.receive(2, index === 0 ? controlStream(frame(GOAWAY, 0)) : frame(GOAWAY, 0)),
    ],
    ['unidirectional streams', (server, index) => server.receive(2 + 4 * index, Buffer.of(0x21))],
    [
      'unidirectional streams without a type',
      (server, index) => server.receive(2 + 4 * index, Buffer.of(), true),
    ],
    [
      'cancelled requests',
      (server, index) => {
        server.receive(4 * index, headers(GET), false);
        server.reset(4 * index, Code.H3_REQUEST_CANCELLED);
      },
    ],
    [
      'requests reset before their head',
      (server, index) => server.reset(4 * index, Code.H3_REQUEST_CANCELLED),
    ],
    ['requests that we have to reset', (server, index) => server.receive(4 * index, headers(OK))],
  ])('%s close the connection with H3_EXCESSIVE_LOAD', (_name, feed) => {
    expect(flooded(feed)).toEqual([H3_EXCESSIVE_LOAD]);
  });

  it('time pays for what an honest peer has to cancel', () => {
    let time = 0;
    const closes = flooded(
      (server, index) => {
        time += 2;
        server.receive(4 * index, headers(GET));
        server.reset(4 * index, Code.H3_REQUEST_CANCELLED);
        server.stop(4 * index, Code.H3_REQUEST_CANCELLED);
      },
      { now: () => time },
    );
    expect(closes).toEqual([]);
  });

  it('complete messages pay for reserved frames', () => {
    expect(
      flooded((server, index) => server.receive(4 * index, concat(frame(0x21), headers(GET)), true)),
    ).toEqual([]);
  });
});

describe('after a fatal error', () => {
  it('nothing more is processed and the connection is closed once', () => {
    const server = harness('server');
    server.receive(0, concat(data('x'), headers(GET)), true);
    server.receive(4, headers(GET), true);
    server.receive(2, controlStream(), true);
    server.reset(8, 0);
    expect(server.quic.closes.map(([code]) => code)).toEqual([H3_FRAME_UNEXPECTED]);
    expect(server.requests).toEqual([]);
    expect(server.log).toEqual([]);
  });

  it('streams fail with the code, and the end is told once', async () => {
    const server = harness('server');
    server.receive(0, headers(POST));
    server.receive(2, concat(Buffer.of(0), encodeIntegerFrame(GOAWAY, 0)));
    await Promise.resolve();
    expect(server.requests[0]?.events.log).toEqual(['failed remote connection 0x10a']);
    expect(server.session.inFlight).toBe(0);
    server.closed(H3_MISSING_SETTINGS);
    server.closed(H3_MISSING_SETTINGS);
    expect(server.log).toEqual(['closed remote 0x10a']);
    expect(server.requests[0]?.events.log).toHaveLength(1);
  });
});
