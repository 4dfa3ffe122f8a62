import { beforeEach, describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { Pair } from './pair.fixture.ts';
import { GET, OK, POST, RecordingEvents, text } from './recording-quic.fixture.ts';

let pair: Pair;

beforeEach(async () => {
  pair = await Pair.ready();
});

describe('an early response', () => {
  it('stays whole when the server then stops the upload', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.stream.sendHeaders([':status', '413'], true);
    theirs.stream.stopReceiving(Code.H3_NO_ERROR);
    await pair.link.settle();
    expect(ours.events.log).toEqual(['stopped 0x100', 'headers 413', 'end']);
    expect([pair.client.inFlight, pair.server.inFlight]).toEqual([0, 0]);
    expect(ours.stream.sendData(text('late'))).toBe(true);
  });
});

describe('cancelling', () => {
  it('by the client fails the request at the server, which may still answer', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    ours.stream.cancel(Code.H3_REQUEST_CANCELLED);
    expect(pair.client.inFlight).toBe(0);
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['failed remote stream 0x10c', 'stopped 0x10c']);
    expect(ours.events.log).toEqual([]);
    expect(pair.server.inFlight).toBe(0);
  });

  it('of sending alone leaves the response to come', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    ours.stream.resetSending(Code.H3_REQUEST_CANCELLED);
    await pair.link.settle();
    theirs.stream.sendHeaders(OK, true);
    await pair.link.settle();
    expect(ours.events.log).toEqual(['headers 200', 'end']);
  });

  it('by the server fails the response at the client', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.stream.sendHeaders(OK, false);
    theirs.stream.sendData(text('part'));
    await pair.link.settle();
    theirs.stream.cancel(Code.H3_INTERNAL_ERROR);
    await pair.link.settle();
    expect(ours.events.log).toContain('failed remote stream 0x102');
    expect(ours.events.failures[0]?.untouched).toBe(false);
    expect(ours.events.log).not.toContain('end');
    expect([pair.client.inFlight, pair.server.inFlight]).toEqual([0, 0]);
  });

  it('with H3_REQUEST_REJECTED says that the request was not touched', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.stream.resetSending(Code.H3_REQUEST_REJECTED);
    await pair.link.settle();
    expect(ours.events.failures).toMatchObject([{ code: Code.H3_REQUEST_REJECTED, untouched: true }]);
  });

  it('with H3_REQUEST_REJECTED after a response has begun does not', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.stream.sendHeaders(OK, false);
    await pair.link.settle();
    theirs.stream.resetSending(Code.H3_REQUEST_REJECTED);
    await pair.link.settle();
    expect(ours.events.failures).toMatchObject([{ untouched: false }]);
  });
});

describe('going away', () => {
  it('of the server finishes what it has accepted and rejects what comes after', async () => {
    const { ours, theirs } = await pair.exchange();
    const late = pair.request(GET, true);
    pair.server.goAway();
    pair.server.goAway();
    await pair.link.settle();
    expect(pair.log.client).toEqual(['ready', 'go away']);
    expect(late.events.failures).toMatchObject([
      { code: Code.H3_REQUEST_REJECTED, untouched: true, scope: 'stream' },
    ]);
    expect(pair.accepted).toHaveLength(1);
    expect(pair.client.request(new RecordingEvents())).toBeUndefined();
    theirs.stream.sendHeaders(OK, true);
    await pair.link.settle();
    expect(ours.events.log).toEqual(['headers 200', 'end']);
  });

  it('of the client stops its requests and is told to the server', async () => {
    pair.client.goAway();
    await pair.link.settle();
    expect(pair.log.server).toEqual(['ready', 'go away']);
    expect(pair.client.request(new RecordingEvents())).toBeUndefined();
  });
});

describe('closing', () => {
  it('fails every stream at both ends and is told once', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    pair.client.close(Code.H3_NO_ERROR, 'done');
    pair.client.close(Code.H3_NO_ERROR, 'done');
    expect(ours.events.log).toEqual([]);
    await pair.link.settle();
    expect(ours.events.log).toEqual(['failed local connection 0x100']);
    expect(theirs.events.log).toEqual(['failed remote connection 0x100']);
    expect([pair.log.client.at(-1), pair.log.server.at(-1)]).toEqual([
      'closed local 0x100',
      'closed remote 0x100',
    ]);
    expect([pair.client.inFlight, pair.server.inFlight]).toEqual([0, 0]);
    expect(pair.client.request(new RecordingEvents())).toBeUndefined();
  });

  it('calls a request untouched if nothing of it was ever sent', async () => {
    const events = new RecordingEvents();
    pair.client.request(events);
    pair.client.close(Code.H3_NO_ERROR, 'done');
    await pair.link.settle();
    expect(events.failures).toMatchObject([{ scope: 'connection', untouched: true }]);
  });

  it('tells a response that nobody takes any more, after the request had failed', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    ours.stream.resetSending(Code.H3_REQUEST_CANCELLED);
    await pair.link.settle();
    pair.client.close(Code.H3_NO_ERROR, 'done');
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['failed remote stream 0x10c', 'stopped 0x100']);
  });
});
