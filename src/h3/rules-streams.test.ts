import { describe, it } from 'vitest';
import { Code } from './codes.ts';
import { FrameType } from './frames.ts';
import { controlStream, data, GET, headers, OK, POST, settings } from './recording-quic.fixture.ts';
import {
  both,
  client,
  ended,
  expectEverywhere,
  frame,
  on,
  type Row,
  server,
  settingsOf,
  trailers,
} from './rules.fixture.ts';

const {
  H3_FRAME_ERROR,
  H3_REQUEST_INCOMPLETE,
  H3_MISSING_SETTINGS,
  H3_SETTINGS_ERROR,
  H3_STREAM_CREATION_ERROR,
  H3_CLOSED_CRITICAL_STREAM,
  H3_ID_ERROR,
  H3_EXCESSIVE_LOAD,
} = Code;
const QPACK_DECOMPRESSION_FAILED = 0x200;
const QPACK_ENCODER_STREAM_ERROR = 0x201;
const QPACK_DECODER_STREAM_ERROR = 0x202;

const { SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, PUSH_PROMISE, HEADERS, DATA } = FrameType;
const unexpected = { connection: Code.H3_FRAME_UNEXPECTED };
const malformed = { stream: Code.H3_MESSAGE_ERROR };

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
  ...both('SETTINGS_ENABLE_CONNECT_PROTOCOL of 2', { connection: H3_SETTINGS_ERROR }, (id) => [
    on(id, settingsOf(8, 2)),
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

describe.each([
  ['frames on request streams', requestStreamFrames],
  ['control stream', controlFrames],
  ['streams', streams],
  ['QPACK', qpack],
] as const)('%s', (_group, rows) => {
  it.each(rows.map((row) => [row.name, row] as const))('%s', (_name, row) => {
    expectEverywhere(row);
  });
});
