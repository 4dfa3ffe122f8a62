import { describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { encodeFrame, FrameType } from './frames.ts';
import {
  concat,
  data,
  GET,
  harness,
  headers,
  OK,
  POST,
  RecordingEvents,
  readyClient,
  request,
  text,
} from './recording-quic.fixture.ts';

describe('sending', () => {
  it('opens control and QPACK streams first, with SETTINGS', () => {
    const { quic } = harness('client');
    expect(quic.written(2)).toEqual(Buffer.of(0, 0x04, 3, 0x06, 0x50, 0x00));
    expect(quic.written(6)).toEqual(Buffer.of(2));
    expect(quic.written(10)).toEqual(Buffer.of(3));
  });

  it('makes one write of the header and content of a small DATA frame', () => {
    const client = readyClient();
    const { stream } = request(client, POST, false);
    stream.sendData(text('abc'));
    expect(client.quic.writes.at(-1)?.chunk).toEqual(Buffer.from([0, 3, 0x61, 0x62, 0x63]));
  });

  it('does not copy the content of a large DATA frame', () => {
    const client = readyClient();
    const { stream } = request(client, POST, false);
    const chunk = new Uint8Array(5000);
    stream.sendData(chunk);
    expect(client.quic.writes.at(-1)?.chunk).toBe(chunk);
  });

  it.each([3, 5000])('keeps nothing of memory that was lent for %i bytes', (length) => {
    const client = readyClient();
    const { stream } = request(client, POST, false);
    const chunk = Buffer.alloc(length, 'a');
    stream.sendData(chunk, true);
    chunk.fill('b');
    const sent = client.quic.writes.map((write) => Buffer.from(write.chunk).toString('latin1')).join('');
    expect(sent.endsWith('a'.repeat(length))).toBe(true);
  });

  it('writes nothing after the message has ended', () => {
    const client = readyClient();
    const { stream } = request(client, GET, true);
    client.sent(stream.id);
    const before = client.quic.writes.length;
    expect(stream.sendData(text('x'))).toBe(true);
    stream.end(['x', 'y']);
    stream.sendHeaders(GET, false);
    stream.resetSending(Code.H3_REQUEST_CANCELLED);
    expect(client.quic.writes).toHaveLength(before);
    expect(client.quic.resets).toEqual([]);
  });

  it('can be abandoned after the message has ended, while some of it waits', () => {
    const client = readyClient();
    const { stream } = request(client, GET, true);
    let sent = 0;
    stream.whenSent(() => sent++);
    expect(sent).toBe(0);
    stream.cancel(Code.H3_REQUEST_CANCELLED);
    expect(client.quic.resets).toEqual([]);
    stream.resetSending(Code.H3_REQUEST_CANCELLED);
    stream.resetSending(Code.H3_REQUEST_CANCELLED);
    expect(client.quic.resets).toEqual([[stream.id, Code.H3_REQUEST_CANCELLED]]);
    expect(sent).toBe(1);
  });

  it.each<[string, (client: ReturnType<typeof readyClient>, id: number) => void]>([
    ['when QUIC has taken it', (client, id) => client.sent(id)],
    ['when the connection is over', (client) => client.closed(Code.H3_NO_ERROR)],
  ])('tells that nothing waits any more %s', (_name, end) => {
    const client = readyClient();
    const { stream } = request(client, GET, true);
    let sent = 0;
    stream.whenSent(() => sent++);
    end(client, stream.id);
    expect(sent).toBe(1);
    stream.whenSent(() => sent++);
    expect(sent).toBe(2);
  });

  it('passes on what QUIC says of room', () => {
    const client = readyClient();
    const { stream, events } = request(client, POST, false);
    client.quic.room = false;
    expect(stream.sendData(text('x'))).toBe(false);
    client.drain(stream.id);
    expect(events.log).toEqual(['drain']);
  });

  it('tells of room no more once the message has ended', () => {
    const client = readyClient();
    const { stream, events } = request(client, POST, false);
    client.quic.room = false;
    stream.sendData(text('x'));
    stream.end();
    client.drain(stream.id);
    expect(events.log).toEqual([]);
  });

  it('passes on priorities', () => {
    const client = readyClient();
    request(client).stream.setPriority(1, true);
    expect(client.quic.steering).toEqual(['priority 0 1 true']);
  });
});

describe('a request over the limits', () => {
  const oversized = headers([...POST, 'x', 'a'.repeat(5000)]);

  it('is answered by the callback, and the rest of it is not wanted', () => {
    const server = harness('server', {
      onOversizedRequest: (stream) => stream.sendHeaders([':status', '431'], true),
    });
    server.receive(0, oversized);
    expect(server.quic.ended(0)).toBe(true);
    expect(server.quic.stops).toEqual([[0, Code.H3_NO_ERROR]]);
    expect(server.quic.resets).toEqual([]);
    expect(server.requests).toEqual([]);
    expect(server.session.inFlight).toBe(0);
  });

  it('is reset when the callback leaves it open', () => {
    const server = harness('server', {
      onOversizedRequest: (stream) => stream.sendHeaders([':status', '431'], false),
    });
    server.receive(0, oversized);
    expect(server.quic.resets).toEqual([[0, Code.H3_EXCESSIVE_LOAD]]);
  });
});

describe('a request stream at the server', () => {
  it('that is reset before its head is complete is given up on both sides', () => {
    const server = harness('server');
    server.receive(0, headers(GET).subarray(0, 4));
    expect(server.session.inFlight).toBe(1);
    server.reset(0, Code.H3_REQUEST_CANCELLED);
    expect(server.quic.resets).toEqual([[0, Code.H3_REQUEST_CANCELLED]]);
    expect(server.session.inFlight).toBe(0);
  });

  it('that is stopped before its head is complete is given up on both sides', () => {
    const server = harness('server');
    server.stop(0, Code.H3_REQUEST_CANCELLED);
    expect(server.quic.stops).toEqual([[0, Code.H3_REQUEST_CANCELLED]]);
    expect(server.session.inFlight).toBe(0);
  });

  it('that was over stays over, whatever is still heard of it', () => {
    const server = harness('server');
    server.receive(0, headers(GET), true);
    server.requests[0]?.stream.sendHeaders(OK, true);
    const { resets, stops } = server.quic;
    server.reset(0, Code.H3_NO_ERROR);
    server.stop(0, Code.H3_NO_ERROR);
    server.receive(0, headers(GET), true);
    expect([resets, stops]).toEqual([[], []]);
    expect(server.requests).toHaveLength(1);
  });

  it('is taken though a later one came first, and not twice', () => {
    const server = harness('server');
    for (const id of [8, 0, 4]) server.receive(id, headers(GET), true);
    expect(server.requests.map(({ stream }) => stream.id)).toEqual([8, 0, 4]);
  });

  it('after our GOAWAY is rejected, one before it that comes late is not', () => {
    const server = harness('server');
    server.receive(4, headers(GET), true);
    server.session.goAway();
    expect(server.quic.written(3).subarray(-3)).toEqual(Buffer.of(FrameType.GOAWAY, 1, 8));
    server.receive(8, headers(GET), true);
    server.receive(0, headers(GET), true);
    expect(server.quic.resets).toEqual([[8, Code.H3_REQUEST_REJECTED]]);
    expect(server.quic.stops).toEqual([[8, Code.H3_REQUEST_REJECTED]]);
    expect(server.requests.map(({ stream }) => stream.id)).toEqual([4, 0]);
  });

  it('that turns out malformed later fails, and the response with it', () => {
    const server = harness('server');
    server.receive(0, concat(headers([...POST, 'content-length', '5']), data('abc')));
    server.requests[0]?.stream.sendHeaders(OK, false);
    server.receive(0, new Uint8Array(0), true);
    expect(server.requests[0]?.events.log).toEqual(['data abc', 'failed remote stream 0x10e']);
    expect(server.quic.resets).toEqual([[0, Code.H3_MESSAGE_ERROR]]);
    expect(server.session.inFlight).toBe(0);
  });
});

describe('receiving', () => {
  it('keeps the order of what is delivered to a paused stream nonetheless', async () => {
    const server = harness('server');
    server.receive(0, headers(POST));
    const { stream, events } = server.requests[0] as (typeof server.requests)[0];
    stream.pause();
    server.receive(0, data('a'));
    server.receive(0, data('b'));
    stream.resume();
    server.receive(0, data('c'), true);
    expect(events.log).toEqual([]);
    await Promise.resolve();
    expect(events.log).toEqual(['data a', 'data b', 'data c', 'end']);
    expect(server.quic.steering).toEqual(['pause 0', 'resume 0']);
  });

  it('leaves QUIC paused when what was held leads to another pause', async () => {
    const server = harness('server');
    server.receive(0, headers(POST));
    const { stream, events } = server.requests[0] as (typeof server.requests)[0];
    events.dataHook = () => stream.pause();
    server.receive(0, concat(data('a'), data('b'), data('c')));
    stream.resume();
    await Promise.resolve();
    expect(events.log).toEqual(['data a', 'data b']);
    expect(server.quic.steering).toEqual(['pause 0', 'pause 0']);
  });

  it('ends in mid-chunk when the session is closed', () => {
    const server = harness('server');
    server.receive(0, headers(POST));
    const { events } = server.requests[0] as (typeof server.requests)[0];
    events.dataHook = () => server.session.close(Code.H3_NO_ERROR, 'done');
    server.receive(0, concat(data('a'), data('b')), true);
    expect(events.log).toEqual(['data a']);
  });
});

describe('faults of our own', () => {
  it('in the proxy end its request alone', () => {
    const server = harness('server');
    server.receive(0, headers(POST));
    server.receive(4, headers(POST));
    const events = server.requests[0]?.events as RecordingEvents;
    events.dataHook = () => {
      throw new Error('a bug');
    };
    server.receive(0, data('x'));
    server.receive(4, data('y'), true);
    expect(events.failures).toMatchObject([{ source: 'local', code: Code.H3_INTERNAL_ERROR }]);
    expect(server.requests[1]?.events.log).toEqual(['data y', 'end']);
    expect(server.quic.closes).toEqual([]);
  });
});

describe('a GOAWAY from the server', () => {
  it('fails the requests from its identifier on, once, and leaves the others', () => {
    const client = readyClient();
    const [first, second, third] = [request(client), request(client), request(client)];
    const goAway = (id: number) => client.receive(3, encodeFrame(FrameType.GOAWAY, Buffer.of(id)));
    goAway(8);
    goAway(4);
    goAway(4);
    expect(third.events.failures).toMatchObject([{ code: Code.H3_REQUEST_REJECTED, untouched: true }]);
    expect(second.events.failures).toMatchObject([{ code: Code.H3_REQUEST_REJECTED, untouched: true }]);
    expect(first.events.log).toEqual([]);
    expect(client.log).toEqual(['ready', 'go away']);
    expect(client.session.inFlight).toBe(1);
  });
});

describe('before the SETTINGS of the server', () => {
  it('no request can be made', () => {
    expect(harness('client').session.request(new RecordingEvents())).toBeUndefined();
  });
});
