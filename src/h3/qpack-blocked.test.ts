import { describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import {
  acknowledgment,
  cancellation,
  decoderStream,
  holdTime,
  INDEXED_GET,
  PeerEncoder,
  QPACK_OPTIONS,
  serverWithEncoder,
} from './qpack.fixture.ts';
import { concat, data, GET, OK, readyClient, request } from './recording-quic.fixture.ts';

const NOTHING = new Uint8Array(0);
const INDEXED_OK = [...OK, 'server', 'a service'];
const { H3_MESSAGE_ERROR, H3_REQUEST_CANCELLED } = Code;

/** A client with a request whose response is blocked, and nothing else on its way. */
function blockedResponse(...rest: Uint8Array[]) {
  const client = readyClient(QPACK_OPTIONS);
  const encoder = new PeerEncoder(client, 'client');
  const { stream, events } = request(client);
  client.receive(stream.id, concat(encoder.headers(stream.id, INDEXED_OK), ...rest));
  return { client, encoder, stream, events };
}

holdTime();

describe('a message whose head is blocked', () => {
  it('is told in order once the entries have come, with the content and trailers that were behind it', () => {
    const { server, encoder } = serverWithEncoder();
    const head = encoder.headers(0, INDEXED_GET);
    server.receive(0, concat(head, data('abc'), encoder.headers(0, ['referer', 'x'])), true);
    expect(server.requests).toEqual([]);
    encoder.deliver();
    expect(server.requests[0]?.fields).toEqual(INDEXED_GET);
    expect(server.requests[0]?.events.log).toEqual(['data abc', 'trailers referer x', 'end']);
  });

  it('is told the same, cut at every position and with its end alone', () => {
    const length = concat(serverWithEncoder().encoder.headers(0, INDEXED_GET), data('abc')).length;
    for (let at = 1; at < length; at++) {
      const { server, encoder } = serverWithEncoder();
      const bytes = concat(encoder.headers(0, INDEXED_GET), data('abc'));
      server.receive(0, bytes.subarray(0, at));
      server.receive(0, bytes.subarray(at));
      server.receive(0, NOTHING, true);
      encoder.deliver();
      expect(server.requests[0]?.events.content).toBe('abc');
      expect(server.requests[0]?.events.log.at(-1)).toBe('end');
    }
  });

  it('gets no more of QUIC until it goes on, and is acknowledged then', () => {
    const { server, encoder } = serverWithEncoder();
    server.receive(0, encoder.headers(0, INDEXED_GET));
    expect([server.quic.steering, decoderStream(server)]).toEqual([['pause 0'], []]);
    encoder.deliver();
    expect(server.quic.steering).toEqual(['pause 0', 'resume 0']);
    expect(decoderStream(server)).toEqual([acknowledgment(0)]);
  });

  it('holds up no other', () => {
    const { server, encoder } = serverWithEncoder();
    encoder.insertLinesOf(GET);
    server.receive(0, encoder.headers(0, INDEXED_GET), true);
    server.receive(4, encoder.headers(4, GET), true);
    expect(server.requests.map(({ stream }) => stream.id)).toEqual([4]);
  });

  it('goes on when the last byte of the instructions has come', () => {
    const { server, encoder } = serverWithEncoder();
    server.receive(0, encoder.headers(0, INDEXED_GET), true);
    encoder.deliver();
    server.receive(4, encoder.headers(4, [...GET, 'accept', 'new']), true);
    expect(server.requests).toHaveLength(1);
    encoder.deliver();
    expect(server.requests[1]?.fields).toEqual([...GET, 'accept', 'new']);
  });
});

describe('several blocked messages', () => {
  it('go on at once', () => {
    const { server, encoder } = serverWithEncoder();
    for (const id of [0, 4, 8]) server.receive(id, encoder.headers(id, INDEXED_GET), true);
    encoder.deliver();
    expect(server.requests.map(({ events }) => events.log)).toEqual([['end'], ['end'], ['end']]);
    expect(decoderStream(server)).toEqual([0, 4, 8].map(acknowledgment));
  });

  it('go on though one of them is malformed', () => {
    const { server, encoder } = serverWithEncoder();
    server.receive(0, encoder.headers(0, INDEXED_GET.slice(2)), true);
    server.receive(4, encoder.headers(4, INDEXED_GET), true);
    encoder.deliver();
    expect(server.quic.resets).toEqual([[0, H3_MESSAGE_ERROR]]);
    expect(server.requests.map(({ events }) => events.log)).toEqual([['end']]);
    expect(server.quic.closes).toEqual([]);
  });

  it('are passed over when one of them makes us cancel another', () => {
    const client = readyClient(QPACK_OPTIONS);
    const encoder = new PeerEncoder(client, 'client');
    const [first, second] = [request(client), request(client)];
    for (const { stream } of [first, second])
      client.receive(stream.id, encoder.headers(stream.id, INDEXED_OK));
    first.events.onHeaders = () => second.stream.cancel(H3_REQUEST_CANCELLED);
    encoder.deliver();
    expect(second.events.log).toEqual([]);
    expect(decoderStream(client)).toContain(cancellation(4));
    expect(client.quic.closes).toEqual([]);
  });

  it('of no more streams than we announced, else QPACK_DECOMPRESSION_FAILED', () => {
    const { server, encoder } = serverWithEncoder();
    for (const id of [0, 4, 8]) server.receive(id, encoder.headers(id, INDEXED_GET), true);
    expect(server.quic.closes).toEqual([]);
    server.receive(12, encoder.headers(12, INDEXED_GET), true);
    expect(server.quic.closes.map(([code]) => code)).toEqual([0x200]);
  });

  it('of no more bytes than there is memory for: the rest is reset with H3_EXCESSIVE_LOAD; few at once go on', async () => {
    const { server, encoder } = serverWithEncoder({ qpackBlockedStreams: 1000 });
    const large = [...INDEXED_GET, 'cookie', '\xff'.repeat(3800)];
    for (let id = 0; server.quic.resets.length === 0; id += 4)
      server.receive(id, encoder.headers(id, large), true);
    const [[id] = [0]] = server.quic.resets;
    expect(server.quic.resets).toEqual([[id, Code.H3_EXCESSIVE_LOAD]]);
    expect(id / 4).toBe(Math.floor(2 ** 20 / (encoder.headers(id, large).length - 3)));
    encoder.deliver();
    expect(server.requests).toHaveLength(8);
    while (server.requests.length < id / 4) {
      const before = server.requests.length;
      await new Promise((resolve) => setImmediate(resolve));
      expect(server.requests.length).toBeLessThanOrEqual(before + 8);
    }
  });
});

describe('trailers that are blocked', () => {
  it('come behind the content, which does not wait for them', () => {
    const { server, encoder } = serverWithEncoder();
    encoder.insertLinesOf(GET);
    const head = encoder.headers(0, GET);
    server.receive(0, concat(head, data('abc'), encoder.headers(0, ['server', 'x'])), true);
    expect(server.requests[0]?.events.log).toEqual(['data abc']);
    encoder.deliver();
    expect(server.requests[0]?.events.log).toEqual(['data abc', 'trailers server x', 'end']);
  });
});

describe('a pause while the head is blocked', () => {
  it('holds back what has become decodable, until it is over', async () => {
    const { client, encoder, stream, events } = blockedResponse(data('abc'));
    stream.pause();
    encoder.deliver();
    expect(events.log).toEqual([]);
    expect(client.quic.steering).not.toContain('resume 0');
    stream.resume();
    await Promise.resolve();
    expect(events.log).toEqual(['headers 200', 'data abc']);
    expect(client.quic.steering.at(-1)).toBe('resume 0');
    expect(decoderStream(client)).toEqual([1, acknowledgment(0)]);
  });

  it('that is over before the entries come lets nothing through', async () => {
    const { client, encoder, stream, events } = blockedResponse(data('abc'));
    stream.pause();
    stream.resume();
    await Promise.resolve();
    expect(events.log).toEqual([]);
    expect(client.quic.steering).not.toContain('resume 0');
    encoder.deliver();
    expect(events.log).toEqual(['headers 200', 'data abc']);
  });
});

describe('giving up a blocked message', () => {
  it('by a reset cancels the stream for QPACK, and nothing of it is told', () => {
    const { server, encoder } = serverWithEncoder();
    server.receive(0, encoder.headers(0, INDEXED_GET));
    server.reset(0, H3_REQUEST_CANCELLED);
    expect(decoderStream(server)).toEqual([cancellation(0)]);
    encoder.deliver();
    expect([server.requests, server.quic.closes]).toEqual([[], []]);
    expect(server.session.inFlight).toBe(0);
  });

  it('makes room for another', () => {
    const { server, encoder } = serverWithEncoder({ qpackBlockedStreams: 1 });
    server.receive(0, encoder.headers(0, INDEXED_GET));
    server.reset(0, H3_REQUEST_CANCELLED);
    server.receive(4, encoder.headers(4, INDEXED_GET), true);
    encoder.deliver();
    expect(server.requests.map(({ stream }) => stream.id)).toEqual([4]);
  });

  it('at our side stops the peer and cancels the stream for QPACK', () => {
    const { client, encoder, stream, events } = blockedResponse();
    stream.cancel(H3_REQUEST_CANCELLED);
    expect(client.quic.stops).toEqual([[0, H3_REQUEST_CANCELLED]]);
    expect(decoderStream(client)).toEqual([cancellation(0)]);
    encoder.deliver();
    expect(events.log).toEqual([]);
  });

  it('with the session says so to its owner', async () => {
    const { client, encoder, events } = blockedResponse();
    client.session.close(Code.H3_NO_ERROR, 'done');
    encoder.deliver();
    await Promise.resolve();
    expect(events.log).toEqual(['failed local connection 0x100']);
  });
});
