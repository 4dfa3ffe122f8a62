import { describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { concat, GET, harness, headers, OK, POST, request } from './recording-quic.fixture.ts';
import { encodeSettings } from './settings.ts';

const LARGE = ['x', 'y'.repeat(100)];

/** A client whose server takes field sections of 200 bytes at most. */
function frugalServer() {
  const client = harness('client');
  const settings = encodeSettings({
    maxFieldSectionSize: 200,
    qpackMaxTableCapacity: 0,
    qpackBlockedStreams: 0,
    enableConnectProtocol: false,
  });
  client.receive(3, concat(Buffer.of(0), settings));
  return client;
}

/** A server whose client takes field sections of 100 bytes at most. */
function frugalClient() {
  const server = harness('server');
  const settings = encodeSettings({
    maxFieldSectionSize: 100,
    qpackMaxTableCapacity: 0,
    qpackBlockedStreams: 0,
    enableConnectProtocol: false,
  });
  server.receive(2, concat(Buffer.of(0), settings));
  return server;
}

describe("the peer's limit of field sections", () => {
  it('fails a request over it before anything is sent, outside of the call', async () => {
    const client = frugalServer();
    const { events } = request(client, [...GET, ...LARGE]);
    expect(events.log).toEqual([]);
    await Promise.resolve();
    expect(events.failures).toMatchObject([{ source: 'local', scope: 'stream', untouched: false }]);
    expect(client.quic.written(0)).toHaveLength(0);
    expect(client.quic.resets).toEqual([[0, Code.H3_REQUEST_CANCELLED]]);
    expect(client.session.inFlight).toBe(0);
  });

  it('lets a request through that is under it', () => {
    const client = frugalServer();
    request(client, GET);
    expect(client.quic.ended(0)).toBe(true);
  });

  it('resets a response whose trailers are over it', async () => {
    const server = frugalClient();
    server.receive(0, headers(GET), true);
    server.requests[0]?.stream.sendHeaders(OK, false);
    server.requests[0]?.stream.end(LARGE);
    expect(server.quic.resets).toEqual([[0, Code.H3_INTERNAL_ERROR]]);
    await Promise.resolve();
    expect(server.requests[0]?.events.log.at(-1)).toBe('failed local stream 0x102');
  });

  it('tells nothing of it to who has given the stream up by then', async () => {
    const server = frugalClient();
    server.receive(0, headers(GET), true);
    server.requests[0]?.stream.sendHeaders([...OK, ...LARGE], false);
    server.requests[0]?.stream.cancel(Code.H3_REQUEST_CANCELLED);
    await Promise.resolve();
    expect(server.requests[0]?.events.log).toEqual(['end']);
  });

  it('tells that sending is over where receiving had failed before', async () => {
    const server = frugalClient();
    server.receive(0, headers(POST));
    server.reset(0, Code.H3_REQUEST_CANCELLED);
    server.requests[0]?.stream.sendHeaders([...OK, ...LARGE], false);
    await Promise.resolve();
    expect(server.requests[0]?.events.log).toEqual(['failed remote stream 0x10c', 'stopped 0x102']);
  });
});
