/** Rows of the design's table "HTTP/3 side" that hold for both ends, about the peer's unidirectional streams. */
import { Code } from '../../src/h3/codes.ts';
import { FrameType } from '../../src/h3/frames.ts';
import { controlStream, settings } from '../../src/h3/recording-quic.fixture.ts';
import type { StreamId } from '../../src/quic/port.ts';
import { ended, frame, on, type Row, row, settingsOf } from './h3-rows.fixture.ts';

const { SETTINGS, GOAWAY, MAX_PUSH_ID, CANCEL_PUSH, PUSH_PROMISE, HEADERS, DATA } = FrameType;

export const QPACK_DECOMPRESSION_FAILED = 0x200;
export const QPACK_ENCODER_STREAM_ERROR = 0x201;
export const QPACK_DECODER_STREAM_ERROR = 0x202;

/** `id`: the peer's first unidirectional stream; the second and third are 4 and 8 behind it. */
export function sharedRows(id: StreamId): Row[] {
  return [
    ...controlFrames(id),
    ...frameErrors(id),
    ...firstFrames(id),
    ...settingsRows(id),
    ...creation(id),
    ...criticalStreams(id),
    ...identifiers(id),
    ...qpackStreams(id),
  ];
}

function controlFrames(id: StreamId): Row[] {
  const unexpected = { connection: Code.H3_FRAME_UNEXPECTED };
  return [
    ...[DATA, HEADERS, PUSH_PROMISE, 0x02, 0x06, 0x08, 0x09].map((type) =>
      row(`frame 0x0${type} on the control stream`, unexpected, on(id, controlStream(frame(type, 0)))),
    ),
    row('a second SETTINGS', unexpected, on(id, controlStream(settings()))),
  ];
}

function frameErrors(id: StreamId): Row[] {
  const broken = { connection: Code.H3_FRAME_ERROR };
  return [
    row('SETTINGS cut inside a value', broken, on(id, settingsOf(6))),
    row('SETTINGS cut inside an integer', broken, on(id, settingsOf(6, 0x40))),
    row('GOAWAY without payload', broken, on(id, controlStream(frame(GOAWAY)))),
    row('GOAWAY with a truncated payload', broken, on(id, controlStream(frame(GOAWAY, 0x40)))),
    row('GOAWAY with an overlong payload', broken, on(id, controlStream(frame(GOAWAY, 0, 0)))),
    row('CANCEL_PUSH with an overlong payload', broken, on(id, controlStream(frame(CANCEL_PUSH, 0, 0)))),
    row('GOAWAY of 5,000 bytes', broken, on(id, controlStream(Buffer.of(GOAWAY, 0x53, 0x88)))),
  ];
}

function firstFrames(id: StreamId): Row[] {
  return [GOAWAY, DATA, HEADERS, MAX_PUSH_ID, 0x02, 0x21].map((type) =>
    row(
      `frame 0x${type.toString(16)} before SETTINGS`,
      { connection: Code.H3_MISSING_SETTINGS },
      on(id, Buffer.of(0), frame(type, 0), settings()),
    ),
  );
}

function settingsRows(id: StreamId): Row[] {
  const wrong = { connection: Code.H3_SETTINGS_ERROR };
  return [
    ...[0x00, 0x02, 0x03, 0x04, 0x05].map((setting) =>
      row(`setting 0x0${setting}`, wrong, on(id, settingsOf(setting, 0))),
    ),
    row('a setting repeated', wrong, on(id, settingsOf(6, 1, 6, 1))),
    row('a reserved setting repeated', wrong, on(id, settingsOf(0x21, 1, 0x21, 2))),
    row(
      'SETTINGS of 5,000 bytes',
      { connection: Code.H3_EXCESSIVE_LOAD },
      on(id, Buffer.of(0, SETTINGS, 0x53, 0x88)),
    ),
  ];
}

function creation(id: StreamId): Row[] {
  return CRITICAL.map(([type, name]) =>
    row(
      `a second ${name} stream`,
      { connection: Code.H3_STREAM_CREATION_ERROR },
      on(id, Buffer.of(type)),
      on(id + 4, Buffer.of(type)),
    ),
  );
}

const CRITICAL = [
  [0x00, 'control'],
  [0x02, 'QPACK encoder'],
  [0x03, 'QPACK decoder'],
] as const;

function criticalStreams(id: StreamId): Row[] {
  const closed = { connection: Code.H3_CLOSED_CRITICAL_STREAM };
  // The receiver's own three are numbered from the other odd or even start.
  const own = id === 2 ? 3 : 2;
  return CRITICAL.flatMap(([type, name], index) => [
    row(`the ${name} stream closed`, closed, ended(id, Buffer.of(type))),
    row(`the ${name} stream reset`, closed, on(id, Buffer.of(type)), { id, reset: 0 }),
    row(`the receiver's ${name} stream stopped`, closed, on(id, controlStream()), {
      id: own + 4 * index,
      stop: 0,
    }),
  ]);
}

function identifiers(id: StreamId): Row[] {
  const wrong = { connection: Code.H3_ID_ERROR };
  return [row('CANCEL_PUSH of a push that never was', wrong, on(id, controlStream(frame(CANCEL_PUSH, 0))))];
}

function qpackStreams(id: StreamId): Row[] {
  const encoder = { connection: QPACK_ENCODER_STREAM_ERROR };
  const decoder = { connection: QPACK_DECODER_STREAM_ERROR };
  return [
    row('table capacity over the limit', encoder, on(id, Buffer.of(2, 0x3f, 0xe1, 0xff, 0x7f))),
    row('an entry over the capacity', encoder, on(id, Buffer.of(2, 0x41, 0x61, 0x01, 0x62))),
    row('an insert with a bad static index', encoder, on(id, Buffer.of(2, 0xff, 0x40, 0x01, 0x62))),
    row('an insert with a bad dynamic index', encoder, on(id, Buffer.of(2, 0x80, 0x01, 0x62))),
    row('a duplicate of nothing', encoder, on(id, Buffer.of(2, 0x00))),
    row('a capacity over 62 bits', encoder, on(id, Buffer.of(2, 0x3f, ...OVER_62_BITS))),
    row('an insert count increment of 0', decoder, on(id, Buffer.of(3, 0x00))),
    row('an insert count increment too far', decoder, on(id, Buffer.of(3, 0x05))),
    row('an acknowledgment of an unknown section', decoder, on(id, Buffer.of(3, 0x80))),
    row('a cancellation over 62 bits', decoder, on(id, Buffer.of(3, 0x7f, ...OVER_62_BITS))),
  ];
}

/** The continuation of an integer whose prefix is full: nine groups of seven bits and one more. */
export const OVER_62_BITS = [0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x01];
