import { describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { encodeIntegerFrame, FrameType } from './frames.ts';
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
} from './recording-quic.fixture.ts';
import { frame } from './rules.fixture.ts';

const { H3_FRAME_UNEXPECTED, H3_MISSING_SETTINGS, H3_EXCESSIVE_LOAD } = Code;
const { GOAWAY } = FrameType;
describe('floods', () => {
  const COUNT = 10_001;
  // Capacity 64 and an entry of 33 bytes, then one copy of it after the other.
  const encoderStream = (index: number) =>
    Buffer.of(...(index === 0 ? [2, 0x3f, 0x21, 0x41, 0x61, 0x00] : [0, 0, 0, 0]));
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
    ['QPACK encoder instructions', (server, index) => server.receive(2, encoderStream(index))],
    [
      'QPACK stream cancellations',
      (server, index) => server.receive(2, Buffer.of(...(index === 0 ? [3] : []), 0x40, 0x40, 0x40, 0x40)),
    ],
  ])('%s close the connection with H3_EXCESSIVE_LOAD', (_name, feed) => {
    expect(flooded(feed, { qpackMaxTableCapacity: 64 })).toEqual([H3_EXCESSIVE_LOAD]);
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

  it('complete messages pay for QPACK instructions', () => {
    const feed = (server: Harness, index: number) => {
      server.receive(2, encoderStream(index));
      server.receive(4 * index, headers(GET), true);
    };
    expect(flooded(feed, { qpackMaxTableCapacity: 64 })).toEqual([]);
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
