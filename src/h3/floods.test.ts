import { describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { FloodBudget } from './flood-budget.ts';
import { noFloodCounts } from './flood-counters.ts';
import { encodeFrameHeader, encodeIntegerFrame, FrameType } from './frames.ts';
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
  const oversized = headers([...GET, 'x', 'y'.repeat(4096)]);
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
    ['heads over the limit', (server, index) => server.receive(4 * index, oversized)],
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
        time += 4;
        server.receive(4 * index, headers(GET));
        server.reset(4 * index, Code.H3_REQUEST_CANCELLED);
        server.stop(4 * index, Code.H3_REQUEST_CANCELLED);
      },
      { now: () => time },
    );
    expect(closes).toEqual([]);
  });

  const answer = (server: Harness) => server.requests.at(-1)?.stream.sendHeaders([':status', '204'], true);

  it('answers pay for QPACK instructions', () => {
    const feed = (server: Harness, index: number) => {
      server.receive(2, encoderStream(index));
      server.receive(4 * index, headers(GET), true);
      answer(server);
    };
    expect(flooded(feed, { qpackMaxTableCapacity: 64 })).toEqual([]);
  });

  it('answers pay for reserved frames', () => {
    const feed = (server: Harness, index: number) => {
      server.receive(4 * index, concat(frame(0x21), headers(GET)), true);
      answer(server);
    };
    expect(flooded(feed)).toEqual([]);
  });

  it('requests that are not waited for do not pay for others that are cancelled', () => {
    const feed = (server: Harness, index: number) => {
      server.receive(4 * index, headers(GET), true);
      server.stop(4 * index, Code.H3_REQUEST_CANCELLED);
    };
    expect(flooded(feed)).toEqual([H3_EXCESSIVE_LOAD]);
  });

  it('any number of requests may be cancelled that were waited for', () => {
    let time = 0;
    const server = harness('server', { now: () => time });
    for (let index = 0; index < COUNT; index++) server.receive(4 * index, headers(GET), true);
    time = 1000;
    for (let index = 0; index < COUNT; index++) server.stop(4 * index, Code.H3_REQUEST_CANCELLED);
    expect(server.quic.closes).toEqual([]);
  });

  it('a new connection of the same peer is no new beginning', () => {
    const budget = new FloodBudget(() => 0, 1000);
    const cancel = (count: number) => {
      const server = harness('server', { now: () => 0, floodBudget: budget });
      for (let index = 0; index < count; index++) server.reset(4 * index, Code.H3_REQUEST_CANCELLED);
      return server.quic.closes.length;
    };
    expect([cancel(990), cancel(11)]).toEqual([0, 1]);
    budget.renew(64);
    expect([cancel(60), cancel(5)]).toEqual([0, 1]);
  });
});

describe('an unfinished head', () => {
  const INCOMPLETE = Code.H3_REQUEST_INCOMPLETE;

  it('is given up after a while, and counted', () => {
    let time = 0;
    const floodCounters = noFloodCounts();
    const server = harness('server', { now: () => time, floodCounters });
    server.receive(0, headers(GET).subarray(0, 3));
    time = 5000;
    server.receive(4, Buffer.of(1));
    server.receive(8, headers(POST));
    time = 10_000;
    server.session.dropPendingHeads(10_000);
    expect(server.quic.resets).toEqual([[0, INCOMPLETE]]);
    expect(server.quic.stops).toEqual([[0, INCOMPLETE]]);
    time = 100_000;
    server.session.dropPendingHeads(10_000);
    expect(server.quic.resets).toEqual([
      [0, INCOMPLETE],
      [4, INCOMPLETE],
    ]);
    expect(floodCounters.lateHeads).toBe(2);
    expect(server.session.inFlight).toBe(1);
  });

  it('that waits for the dynamic table is one, too', () => {
    let time = 0;
    const options = { qpackMaxTableCapacity: 64, qpackBlockedStreams: 1, now: () => time };
    const server = harness('server', options);
    server.receive(0, frame(FrameType.HEADERS, 2, 0, 0x80));
    time = 10_000;
    server.session.dropPendingHeads(10_000);
    expect(server.quic.resets).toEqual([[0, INCOMPLETE]]);
  });

  it('is refused when all of them together are too much to hold', () => {
    const server = harness('server', { maxFieldSectionSize: 65_536 });
    const begun = encodeFrameHeader(FrameType.HEADERS, 65_536);
    const streams = Math.floor((8 * 1024 * 1024) / 65_535) - 1;
    for (let at = 0; at < streams; at++) server.receive(4 * at, concat(begun, Buffer.alloc(65_535)));
    expect(server.quic.resets).toEqual([]);
    server.receive(4000, concat(begun, Buffer.alloc(65_535)));
    server.receive(4004, concat(begun, Buffer.alloc(65_535)));
    expect(server.quic.resets).toEqual([[4004, H3_EXCESSIVE_LOAD]]);
    server.reset(0, Code.H3_REQUEST_CANCELLED);
    server.receive(4008, concat(begun, Buffer.alloc(65_535)));
    expect(server.quic.resets.map(([id]) => id)).toEqual([4004, 0]);
  });
});

describe('content in tiny frames', () => {
  it('is handed on in few pieces, all of it and in order', () => {
    const server = harness('server');
    const letters = Array.from({ length: 5000 }, (_, at) => String.fromCharCode(97 + (at % 26)));
    server.receive(
      0,
      concat(headers(POST), ...letters.map((letter) => data(letter)), headers(['x', 'y'])),
      true,
    );
    const log = server.requests[0]?.events.log ?? [];
    const pieces = log.filter((line) => line.startsWith('data '));
    expect(pieces.map((line) => line.slice(5)).join('')).toBe(letters.join(''));
    expect(pieces).toHaveLength(17);
    expect(log.slice(-2)).toEqual(['trailers x y', 'end']);
  });

  it('is held back by a pause', async () => {
    const server = harness('server');
    server.receive(0, headers(POST));
    const [request] = server.requests;
    let pauseAt = 17;
    if (request !== undefined) {
      request.events.dataHook = () => {
        if (--pauseAt === 0) request.stream.pause();
      };
    }
    const tiny = Array.from({ length: 100 }, () => data('x'));
    server.receive(0, concat(...tiny, headers(['x', 'y'])), true);
    expect(request?.events.log.at(-1)).toBe(`data ${'x'.repeat(84)}`);
    request?.stream.resume();
    await Promise.resolve();
    expect(request?.events.log.slice(-2)).toEqual(['trailers x y', 'end']);
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
