import { describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { FrameType } from './frames.ts';
import { Pair } from './pair.fixture.ts';
import type { FieldLines } from './port.ts';
import { concat, data, harness, headers, OK, readyClient, request, text } from './recording-quic.fixture.ts';
import { client, ended, expectEverywhere, frame, on, type Row, server, trailers } from './rules.fixture.ts';
import { encodeSettings } from './settings.ts';

const { DATA, SETTINGS, GOAWAY } = FrameType;
const CONNECT: FieldLines = [
  ':method',
  'CONNECT',
  ':protocol',
  'websocket',
  ':scheme',
  'http',
  ':authority',
  'a',
  ':path',
  '/chat',
];
const PLAIN_CONNECT: FieldLines = [':method', 'CONNECT', ':authority', 'a:443'];
const unexpected = { connection: Code.H3_FRAME_UNEXPECTED };
const malformed = { stream: Code.H3_MESSAGE_ERROR };

/** Rows of a client that has sent CONNECT. */
const connecting = (...row: Parameters<typeof client>): Row => ({ ...client(...row), request: CONNECT });

const rows: Row[] = [
  server('trailers in a tunnel', unexpected, on(0, headers(CONNECT), data('a'), trailers)),
  server('trailers after CONNECT host:port', unexpected, on(0, headers(PLAIN_CONNECT), trailers)),
  ...[SETTINGS, GOAWAY, 0x02, 0x06].map((type) =>
    server(`frame 0x${type.toString(16)} in a tunnel`, unexpected, on(0, headers(CONNECT), frame(type, 0))),
  ),
  server(
    'a tunnel that ends inside a frame',
    { connection: Code.H3_FRAME_ERROR },
    ended(0, concat(headers(CONNECT), frame(DATA, 1, 2).subarray(0, 3))),
  ),
  server(':protocol without CONNECT', malformed, on(0, headers(replace(':method', 'GET')))),
  server('a :protocol that is no token', malformed, on(0, headers(replace(':protocol', 'a b')))),
  connecting('trailers in a tunnel', unexpected, on(0, headers(OK), data('a'), trailers)),
  connecting('a second head in a tunnel', unexpected, on(0, headers(OK), headers(OK))),
  connecting(
    'content over the Content-Length of a refused CONNECT',
    malformed,
    on(0, headers([':status', '403', 'content-length', '1']), data('ab')),
  ),
];

function replace(name: string, value: string): FieldLines {
  return CONNECT.map((part, at) => (CONNECT[at - 1] === name ? value : part));
}

describe("a tunnel's rules", () => {
  it.each(rows)('$name', expectEverywhere);
});

describe('extended CONNECT', () => {
  it('is announced by a server, and not by a client', () => {
    const setting = Buffer.of(0x08, 1);
    expect(Buffer.from(harness('server').quic.written(3)).includes(setting)).toBe(true);
    expect(Buffer.from(harness('client').quic.written(2)).includes(setting)).toBe(false);
  });

  it('may be used once the server has announced it', () => {
    const session = harness('client');
    expect(session.session.extendedConnect).toBe(false);
    const settings = { maxFieldSectionSize: 4096, qpackMaxTableCapacity: 0, qpackBlockedStreams: 0 };
    session.receive(3, concat(Buffer.of(0), encodeSettings({ ...settings, enableConnectProtocol: true })));
    expect(session.session.extendedConnect).toBe(true);
    expect(readyClient().session.extendedConnect).toBe(false);
  });

  it('reaches the server with its protocol', async () => {
    const pair = await Pair.ready();
    let seen: FieldLines = [];
    pair.serve = (stream, fields) => {
      seen = fields;
      return pair.record(stream);
    };
    await pair.exchange(CONNECT, false);
    expect(seen).toEqual(CONNECT);
  });
});

describe('a tunnel', () => {
  it.each(['200', '204', '299'])('opens with status %s, whatever Content-Length says', (status) => {
    const peer = readyClient();
    const { events } = request(peer, CONNECT, false);
    peer.receive(
      0,
      concat(headers([':status', status, 'content-length', '1']), data('abc'), data('d')),
      true,
    );
    expect(events.log).toEqual([`headers ${status}`, 'data abc', 'data d', 'end']);
  });

  it('ignores the Content-Length of the request', () => {
    const peer = harness('server');
    peer.receive(0, concat(headers([...CONNECT, 'content-length', '1']), data('abc')), true);
    expect(peer.requests[0]?.events.log).toEqual(['data abc', 'end']);
  });

  it('lets unknown frames pass', () => {
    const peer = harness('server');
    peer.receive(0, concat(headers(CONNECT), frame(0x21, 1, 2), data('a'), frame(0x40)));
    expect(peer.requests[0]?.events.log).toEqual(['data a']);
  });

  it('does not open with another status: what follows is a response', () => {
    const peer = readyClient();
    const { events } = request(peer, CONNECT, false);
    peer.receive(0, concat(headers([':status', '403']), data('no'), headers(['x', 'y'])), true);
    expect(events.log).toEqual(['headers 403', 'data no', 'trailers x y', 'end']);
  });

  it('is closed by each side for itself', async () => {
    const pair = await Pair.ready();
    const { ours, theirs } = await pair.exchange(CONNECT, false);
    theirs.stream.sendHeaders(OK, false);
    ours.stream.sendData(text('question'));
    ours.stream.end();
    await pair.link.settle();
    theirs.stream.sendData(text('answer'));
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data question', 'end']);
    expect(ours.events.log).toEqual(['headers 200', 'data answer']);
    expect(pair.client.inFlight).toBe(1);
    theirs.stream.end();
    await pair.link.settle();
    expect(ours.events.log.at(-1)).toBe('end');
    expect([pair.client.inFlight, pair.server.inFlight]).toEqual([0, 0]);
  });

  it('is cut by either side for both', async () => {
    const pair = await Pair.ready();
    const { ours, theirs } = await pair.exchange(CONNECT, false);
    theirs.stream.sendHeaders(OK, false);
    await pair.link.settle();
    theirs.stream.cancel(Code.H3_REQUEST_CANCELLED);
    await pair.link.settle();
    expect(ours.events.failures[0]).toMatchObject({ code: Code.H3_REQUEST_CANCELLED, untouched: false });
    expect([pair.client.inFlight, pair.server.inFlight]).toEqual([0, 0]);
  });
});
