/** Streams that end in any way give their place back: the engine counts places, and a lost one is lost for good. */
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamId } from '../../src/quic/port.ts';
import type { QuicEnd } from '../support/quic-end.ts';
import { closeAll, connectOver, connectPair, type QuicPair } from '../support/quic-pair.ts';

afterEach(closeAll);

const PLACES = 4;
const STREAMS = 40;
const LIMITED = { server: { maxConcurrentStreams: PLACES } };

/** Uses many more streams than there are places, one after the other. Ends only when each got its place. */
async function useStreams(client: QuicEnd, use: (id: StreamId) => Promise<void>): Promise<number> {
  let opened = 0;
  while (opened < STREAMS) {
    const offers = client.offers;
    const id = client.connection.openStream('bidirectional');
    if (id === undefined) {
      await client.until(() => client.offers > offers);
      continue;
    }
    opened++;
    await use(id);
  }
  return opened;
}

/** The server answers each request with `size` bytes. */
function answerWith(server: QuicEnd, size: number): void {
  server.onData = (id, _chunk, fin) => {
    if (fin) void server.send(id, size, id);
  };
}

const request = (client: QuicEnd, id: StreamId): boolean =>
  client.connection.write(id, Buffer.from('request'), true);

describe('a stream gives its place back', () => {
  it.each<[string, () => Promise<QuicPair>]>([
    ['over loopback', () => connectPair(LIMITED)],
    ['over a slow link', () => connectOver({ delay: 5, rate: 20 }, LIMITED)],
  ])('when its download is cancelled in the middle, %s', async (_where, connect) => {
    const { client, server } = await connect();
    answerWith(server, 300_000);
    const opened = await useStreams(client, async (id) => {
      request(client, id);
      await client.until(() => client.stream(id).bytes > 10_000);
      client.connection.stopSending(id, 0x10c);
    });
    expect(opened).toBe(STREAMS);
  });

  it('when its upload is reset in the middle', async () => {
    const { client, server } = await connectPair(LIMITED);
    const opened = await useStreams(client, async (id) => {
      client.connection.write(id, Buffer.alloc(100_000), false);
      await server.until(() => server.stream(id).bytes > 1000);
      client.connection.resetStream(id, 0x10c);
      client.connection.stopSending(id, 0x10c);
      await server.until(() => server.stream(id).reset !== undefined);
      server.connection.resetStream(id, 0x10c);
    });
    expect(opened).toBe(STREAMS);
  });

  it('when it is given up before anything was written', async () => {
    const { client, server } = await connectPair(LIMITED);
    const opened = await useStreams(client, async (id) => {
      client.connection.resetStream(id, 0x10c);
      client.connection.stopSending(id, 0x10c);
      await server.until(() => server.stream(id).reset !== undefined);
      server.connection.resetStream(id, 0x10c);
    });
    expect(opened).toBe(STREAMS);
  });

  it('when it was opened together with others, and used long after them', async () => {
    const { client, server } = await connectPair(LIMITED);
    answerWith(server, 100);
    const early = client.open();
    const opened = await useStreams(client, async (id) => {
      request(client, id);
      await client.until(() => client.stream(id).fin);
    });
    request(client, early);
    await client.until(() => client.stream(early).fin);
    expect(opened).toBe(STREAMS);
  });

  // With more on its way than the window holds, the reset that answers STOP_SENDING can come behind the acknowledgment of the
  // answer's end; then the engine never finds out that the stream is over, and its place is lost.
  it('when its upload is stopped and answered before its end', async () => {
    const { client, server } = await connectPair(LIMITED);
    server.onData = (id) => {
      server.connection.write(id, Buffer.from('too large'), true);
      server.connection.stopSending(id, 0x100);
    };
    const opened = await useStreams(client, async (id) => {
      client.connection.write(id, Buffer.alloc(2000), false);
      await client.until(() => client.stream(id).fin);
    });
    expect(opened).toBe(STREAMS);
  });

  it('when it ends empty both ways', async () => {
    const { client, server } = await connectPair(LIMITED);
    server.onData = (id, _chunk, fin) => {
      if (fin) server.connection.write(id, Buffer.alloc(0), true);
    };
    const opened = await useStreams(client, async (id) => {
      client.connection.write(id, Buffer.alloc(0), true);
      await client.until(() => client.stream(id).fin);
    });
    expect(opened).toBe(STREAMS);
  });

  it('when its end came while it was paused, after it was answered', async () => {
    const { client, server } = await connectPair(LIMITED);
    server.onData = (id, _chunk, fin) => {
      if (fin) return;
      server.connection.pauseStream(id);
      server.connection.write(id, Buffer.from('answer'), true);
    };
    const opened = await useStreams(client, async (id) => {
      client.connection.write(id, Buffer.from('question'), false);
      await client.until(() => client.stream(id).fin);
      client.connection.write(id, Buffer.alloc(0), true);
      // The next stream's data comes behind the end.
      server.connection.resumeStream(id);
      await server.until(() => server.stream(id).fin);
    });
    expect(opened).toBe(STREAMS);
  });
});

it('a download is stopped also when the datagram that says so is lost, and the next one too', async () => {
  const { client, server, link } = await connectOver({ delay: 5 });
  server.onData = (id) => server.connection.write(id, Buffer.from('some of it'), false);
  const id = client.open();
  request(client, id);
  await client.until(() => client.stream(id).bytes > 0);
  link.dropNext('up', 2);
  client.connection.stopSending(id, 0x10c);
  await server.until(() => server.stream(id).stopped !== undefined);
  expect(link.counters.up.lost).toBe(2);
});

it('a connection whose places are all lost is closed, for another one to take over', async () => {
  const { client, server, link } = await connectOver({}, { server: { maxConcurrentStreams: 1 } });
  server.onData = (id) => server.connection.write(id, Buffer.from('answer'), true);
  const id = client.open();
  request(client, id);
  // What gives the place back is sent once, after the end of the answer was acknowledged; here it is lost.
  client.onData = () => link.dropNext('down', 1);
  await client.until(() => client.stream(id).fin);
  expect(client.connection.openStream('bidirectional')).toBeUndefined();
  await client.until(() => client.closed !== undefined);
  expect(client.closed).toMatchObject({ source: 'local', space: 'transport', code: 1 });
  expect(client.closed?.reason).toMatch(/allows no more streams/);
});

it('streams that the peer gave up faster than we notice wait in the engine, and all get their turn', async () => {
  const places = 100;
  const { client, server } = await connectPair({ server: { maxConcurrentStreams: places } });
  const begun = new Set<StreamId>();
  const stopped = new Set<StreamId>();
  let most = 0;
  server.onData = (id, _chunk, fin) => {
    // Of some the server hears first that they were given up.
    if (fin && !stopped.has(id)) most = Math.max(most, begun.add(id).size);
  };
  const told = server.onStreamStopped.bind(server);
  server.onStreamStopped = (id, code) => {
    stopped.add(id);
    begun.delete(id);
    told(id, code);
  };
  // What comes before the server has the keys is lost, as what its socket's buffer has no room for, and STOP_SENDING is not
  // sent again.
  await server.until(() => server.offers > 0);
  const streams = 1000;
  for (let opened = 0; opened < streams; ) {
    const id = client.connection.openStream('bidirectional');
    if (id === undefined) {
      const { offers } = client;
      await client.until(() => client.offers > offers);
      continue;
    }
    request(client, id);
    client.connection.stopSending(id, 0x10c);
    if (++opened % 100 === 0) await server.until(() => stopped.size >= opened);
  }
  await server.until(() => stopped.size === streams);
  // Those it may have open, and those whose end was not noticed yet.
  expect(most).toBeLessThanOrEqual(places + 256);
});
