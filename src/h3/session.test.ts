import { beforeEach, describe, expect, it } from 'vitest';
import { Code } from './codes.ts';
import { Pair } from './pair.fixture.ts';
import { GET, OK, POST, RecordingEvents, text } from './recording-quic.fixture.ts';

let pair: Pair;

beforeEach(async () => {
  pair = await Pair.ready();
});

describe('two sessions', () => {
  it('are ready when the SETTINGS of the other have come', () => {
    expect([pair.log.client, pair.log.server]).toEqual([['ready'], ['ready']]);
  });

  it('carry content, interim responses and trailers both ways, in order', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    ours.stream.sendData(text('abc'));
    ours.stream.end(['t', '1']);
    theirs.stream.sendHeaders([':status', '103'], false);
    theirs.stream.sendHeaders(OK, false);
    theirs.stream.sendData(text('xyz'));
    theirs.stream.end(['u', '2']);
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data abc', 'trailers t 1', 'end']);
    expect(ours.events.log).toEqual(['interim 103', 'headers 200', 'data xyz', 'trailers u 2', 'end']);
    expect([pair.client.inFlight, pair.server.inFlight]).toEqual([0, 0]);
  });

  it('carry the same, however QUIC cuts it', async () => {
    pair.link.client.cut = 1;
    pair.link.server.cut = 3;
    const { ours, theirs } = await pair.exchange(POST, false);
    ours.stream.sendData(text('abcdefgh'));
    ours.stream.end(['t', '1']);
    theirs.stream.sendHeaders(OK, false);
    theirs.stream.sendData(text('xyz'));
    theirs.stream.end();
    await pair.link.settle();
    expect(theirs.events.content).toBe('abcdefgh');
    expect(ours.events.log).toEqual(['headers 200', 'data x', 'data y', 'data z', 'end']);
  });

  it('carry large and small chunks unchanged', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    const chunks = [1, 63, 64, 4095, 4096, 20_000].map((length) => 'x'.repeat(length));
    for (const chunk of chunks) ours.stream.sendData(text(chunk));
    ours.stream.sendData(text(''));
    ours.stream.end();
    await pair.link.settle();
    expect(theirs.events.content).toBe(chunks.join(''));
    expect(theirs.events.log.at(-1)).toBe('end');
  });

  it('hold back a sender whose chunks are not taken, and let it go on', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.stream.pause();
    expect(ours.stream.sendData(text('x'.repeat(2000)))).toBe(false);
    await pair.link.settle();
    expect(ours.events.log).toEqual([]);
    theirs.stream.resume();
    await pair.link.settle();
    expect(ours.events.log).toEqual(['drain']);
  });

  it('answer HEAD, 204 and 304 with a declared length and no content', async () => {
    for (const [method, status] of [
      ['HEAD', '200'],
      ['GET', '204'],
      ['GET', '304'],
    ] as const) {
      const { ours, theirs } = await pair.exchange([':method', method, ...GET.slice(2)]);
      theirs.stream.sendHeaders([':status', status, 'content-length', '5'], true);
      await pair.link.settle();
      expect(ours.events.log).toEqual([`headers ${status}`, 'end']);
    }
  });

  it('leave nothing behind after many requests', async () => {
    pair.serve = (stream) => {
      stream.sendHeaders(OK, true);
      return pair.record(stream);
    };
    pair.link.client.allow(1000);
    for (let index = 0; index < 300; index++) pair.request(GET, true);
    await pair.link.settle();
    expect(pair.accepted).toHaveLength(300);
    expect([pair.client.inFlight, pair.server.inFlight]).toEqual([0, 0]);
  });
});

describe('limits of streams', () => {
  it('a client waits for the peer to allow more requests', async () => {
    pair.link.client.allowed.bidirectional = 1;
    pair.request(GET, true);
    expect(pair.client.request(new RecordingEvents())).toBeUndefined();
    pair.link.client.allow(1);
    await pair.link.settle();
    expect(pair.log.client).toContain('streams available');
    expect(pair.client.request(new RecordingEvents())).toBeDefined();
  });

  it('control and QPACK streams open as soon as the peer allows them', async () => {
    pair = new Pair((link) => {
      link.client.allowed.unidirectional = 0;
    });
    await pair.link.settle();
    expect(pair.log.server).toEqual([]);
    pair.link.client.allowed.unidirectional = 3;
    pair.link.client.allow(0);
    await pair.link.settle();
    expect(pair.log.server).toEqual(['ready']);
  });
});

describe('pausing', () => {
  it('in the middle of a chunk holds the rest of it, trailers and end until resumed', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.events.dataHook = () => theirs.stream.pause();
    for (const chunk of ['a', 'b', 'c']) ours.stream.sendData(text(chunk));
    ours.stream.end(['t', '1']);
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a']);
    theirs.stream.resume();
    expect(theirs.events.log).toEqual(['data a']);
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a', 'data b']);
    theirs.events.dataHook = () => {};
    theirs.stream.resume();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a', 'data b', 'data c', 'trailers t 1', 'end']);
  });

  it('holds back the end of the stream alone', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.events.dataHook = () => theirs.stream.pause();
    ours.stream.sendData(text('a'));
    ours.stream.end();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a']);
    theirs.stream.resume();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a', 'end']);
  });

  it('with something held lets what came to QUIC meanwhile follow it', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.events.dataHook = () => theirs.stream.pause();
    for (const chunk of ['a', 'b']) ours.stream.sendData(text(chunk));
    await pair.link.settle();
    theirs.events.dataHook = () => {};
    ours.stream.sendData(text('c'));
    ours.stream.end();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a']);
    theirs.stream.resume();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a', 'data b', 'data c', 'end']);
  });

  it('from within onRequest holds back the content', async () => {
    pair.serve = (stream) => {
      stream.pause();
      return pair.record(stream);
    };
    const ours = pair.request(POST, false);
    ours.stream.sendData(text('a'));
    ours.stream.end();
    await pair.link.settle();
    expect(pair.accepted[0]?.events.log).toEqual([]);
    pair.accepted[0]?.stream.resume();
    await pair.link.settle();
    expect(pair.accepted[0]?.events.log).toEqual(['data a', 'end']);
  });

  it('taken back at once changes nothing', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.events.dataHook = () => {
      theirs.stream.pause();
      theirs.stream.resume();
    };
    for (const chunk of ['a', 'b']) ours.stream.sendData(text(chunk));
    await pair.link.settle();
    ours.stream.sendData(text('c'));
    ours.stream.end();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a', 'data b', 'data c', 'end']);
  });

  it('again before what is held could go on, holds it still', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.events.dataHook = () => theirs.stream.pause();
    for (const chunk of ['a', 'b']) ours.stream.sendData(text(chunk));
    await pair.link.settle();
    theirs.stream.resume();
    theirs.stream.pause();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a']);
  });

  it('does not hold back a reset', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.events.dataHook = () => theirs.stream.pause();
    for (const chunk of ['a', 'b']) ours.stream.sendData(text(chunk));
    await pair.link.settle();
    ours.stream.resetSending(Code.H3_REQUEST_CANCELLED);
    await pair.link.settle();
    theirs.stream.resume();
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a', 'failed remote stream 0x10c']);
  });

  it('is over when the stream is cancelled', async () => {
    const { ours, theirs } = await pair.exchange(POST, false);
    theirs.events.dataHook = () => theirs.stream.cancel(Code.H3_INTERNAL_ERROR);
    for (const chunk of ['a', 'b']) ours.stream.sendData(text(chunk));
    await pair.link.settle();
    expect(theirs.events.log).toEqual(['data a']);
  });
});
