/** Streams of a real connection: content, back-pressure, and every way to end. */
import { afterEach, describe, expect, it } from 'vitest';
import type { StreamId } from '../../src/quic/port.ts';
import { SERVER_NAME } from '../support/certificates.ts';
import { patternHash } from '../support/pattern.ts';
import type { QuicEnd } from '../support/quic-end.ts';
import { closeAll, connectOver, connectPair, QuicServer, quicOptions } from '../support/quic-pair.ts';
import { RawClient, rawConfig } from '../support/quic-raw.ts';

afterEach(closeAll);

const CANCELLED = 0x10c;

/** Sends a byte on a new stream and resolves when `to` has it: whatever `from` sent before is there, too. */
async function passMarker(from: QuicEnd, to: QuicEnd): Promise<void> {
  const id = from.open();
  from.connection.write(id, Buffer.from('!'), false);
  await to.until(() => to.stream(id).bytes > 0);
}

/** A stream of the client's of which the server has got the first byte. */
async function openedStream(client: QuicEnd, server: QuicEnd): Promise<StreamId> {
  const id = client.open();
  client.connection.write(id, Buffer.from('?'), false);
  await server.until(() => server.stream(id).bytes > 0);
  return id;
}

describe('bodies', () => {
  it('arrive whole and in order, many at once and both ways', async () => {
    const { client, server } = await connectPair();
    const sizes = Array.from({ length: 60 }, (_, index) => (index * index * 37) % 150_000);
    server.onData = (id, _chunk, fin) => {
      if (fin) void server.send(id, sizes[id / 4] ?? 0, id + 1);
    };
    await Promise.all(
      sizes.map(async (size) => {
        const id = client.open();
        void client.send(id, size, id);
        expect(await client.received(id)).toBe(patternHash(sizes[id / 4] ?? 0, id + 1));
        expect(await server.received(id)).toBe(patternHash(size, id));
      }),
    );
  });

  it('of some megabytes flow both ways at the same time', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    server.onData = () => {
      server.onData = () => {};
      void server.send(id, 5_000_000, 2);
    };
    void client.send(id, 5_000_000, 1);
    expect(await client.received(id)).toBe(patternHash(5_000_000, 2));
    expect(await server.received(id)).toBe(patternHash(5_000_000, 1));
  });

  it('survive loss, reordering and duplication', async () => {
    const { client, server } = await connectOver({
      delay: 5,
      loss: 3,
      reordering: 3,
      duplication: 3,
      seed: 7,
    });
    server.onData = (id, _chunk, fin) => {
      if (fin) void server.send(id, 200_000, id + 1);
    };
    const ids = Array.from({ length: 5 }, () => client.open());
    for (const id of ids) void client.send(id, 200_000, id);
    for (const id of ids) {
      expect(await server.received(id)).toBe(patternHash(200_000, id));
      expect(await client.received(id)).toBe(patternHash(200_000, id + 1));
    }
  });

  it('longer than the credit of their stream arrive', async () => {
    const { client, server } = await connectPair({ server: { streamReceiveWindow: 20_000 } });
    const id = client.open();
    void client.send(id, 500_000, 3);
    expect(await server.received(id)).toBe(patternHash(500_000, 3));
  });

  it('go on beside one that stands still for want of credit', async () => {
    const { client, server } = await connectPair({ server: { streamReceiveWindow: 20_000 } });
    const still = client.open();
    server.onData = (id) => {
      if (id === still) server.connection.pauseStream(id);
    };
    void client.send(still, 300_000, 0);
    await server.until(() => server.stream(still).bytes > 0);
    const id = client.open();
    void client.send(id, 300_000, 1);
    expect(await server.received(id)).toBe(patternHash(300_000, 1));
    server.onData = () => {};
    server.connection.resumeStream(still);
    expect(await server.received(still)).toBe(patternHash(300_000, 0));
  });

  it('go on beside so many that stand still that send_window is full', async () => {
    const { client, server } = await connectPair({
      client: { sendWindow: 500_000 },
      server: { streamReceiveWindow: 20_000 },
    });
    const still = Array.from({ length: 10 }, () => client.open());
    server.onData = (id) => {
      if (still.includes(id)) server.connection.pauseStream(id);
    };
    for (const id of still) void client.send(id, 300_000, 0);
    for (const id of still) await server.until(() => server.stream(id).bytes > 0);
    const id = client.open();
    void client.send(id, 300_000, 1);
    expect(await server.received(id)).toBe(patternHash(300_000, 1));
  });
});

describe('back-pressure', () => {
  it('reaches the sender of a stream that is paused, and ends when it is resumed', async () => {
    const { client, server } = await connectPair({ server: { streamReceiveWindow: 100_000 } });
    const id = await openedStream(client, server);
    server.connection.pauseStream(id);
    let written = 0;
    // The peer's credit and our own queue are all that there is to take it.
    while (client.connection.write(id, Buffer.alloc(10_000), false)) written += 10_000;
    await passMarker(client, server);
    while (client.stream(id).drains > 0 && client.connection.write(id, Buffer.alloc(10_000), false)) {
      written += 10_000;
    }
    expect(written).toBeLessThan(600_000);
    expect(server.stream(id).bytes).toBe(1);
    const drains = client.stream(id).drains;
    server.connection.resumeStream(id);
    await client.until(() => client.stream(id).drains > drains);
    client.connection.write(id, Buffer.alloc(0), true);
    await server.until(() => server.stream(id).fin);
    expect(server.stream(id).bytes).toBeGreaterThan(written);
  });

  it('does not deliver from within resumeStream', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    server.connection.pauseStream(id);
    client.connection.write(id, Buffer.from('more'), false);
    await passMarker(client, server);
    server.connection.resumeStream(id);
    expect(server.stream(id).bytes).toBe(1);
    await server.until(() => server.stream(id).bytes === 5);
  });

  it('holds back what came after a pause from within onStreamData', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    server.onData = (which) => {
      if (which === id) server.connection.pauseStream(id);
    };
    void client.send(id, 1_000_000, 5);
    await server.until(() => server.stream(id).bytes > 0);
    const before = server.stream(id).bytes;
    await passMarker(client, server);
    expect(server.stream(id).bytes).toBe(before);
    server.onData = () => {};
    server.connection.resumeStream(id);
    expect(await server.received(id)).toBe(patternHash(1_000_000, 5));
  });
});

describe('the end of a stream', () => {
  it('is delivered of one without content', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    client.connection.write(id, Buffer.alloc(0), true);
    await server.until(() => server.stream(id).fin);
    expect(server.stream(id).bytes).toBe(0);
  });

  it.each(['before', 'after'])(
    'that came alone while paused, %s the answer was sent, is delivered once after resume',
    async (when) => {
      const { client, server } = await connectPair();
      const id = await openedStream(client, server);
      server.connection.pauseStream(id);
      const end = async (): Promise<void> => {
        client.connection.write(id, Buffer.alloc(0), true);
        await passMarker(client, server);
      };
      if (when === 'before') await end();
      server.connection.write(id, Buffer.from('answer'), true);
      await client.received(id);
      if (when === 'after') await end();
      expect(server.stream(id).fin).toBe(false);
      server.connection.resumeStream(id);
      await server.until(() => server.stream(id).fin);
      await passMarker(client, server);
    },
  );

  it('that came with content while paused is delivered after it', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    server.connection.pauseStream(id);
    client.connection.write(id, Buffer.from('last words'), true);
    await passMarker(client, server);
    expect(server.stream(id)).toMatchObject({ bytes: 1, fin: false });
    server.connection.resumeStream(id);
    await server.until(() => server.stream(id).fin);
    expect(server.stream(id).bytes).toBe(11);
  });

  it('is not lost on a stream paused and resumed again and again', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.connection.write(id, Buffer.alloc(0), true);
    for (let turn = 0; turn < 5; turn++) {
      server.connection.pauseStream(id);
      await passMarker(client, server);
      server.connection.resumeStream(id);
      server.connection.pauseStream(id);
      server.connection.resumeStream(id);
    }
    await server.until(() => server.stream(id).fin);
  });
});

describe('RESET_STREAM', () => {
  it.each(['flowing', 'paused'])('reaches a peer whose stream is %s', async (how) => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    if (how === 'paused') server.connection.pauseStream(id);
    client.connection.write(id, Buffer.alloc(100_000), false);
    if (how === 'paused') await passMarker(client, server);
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    expect(server.stream(id)).toMatchObject({ reset: CANCELLED, fin: false });
  });

  it('is the first that the peer sees of a stream', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    expect(server.stream(id)).toMatchObject({ reset: CANCELLED, bytes: 0 });
  });

  it('drops what was queued', async () => {
    const { client, server } = await connectPair({ server: { streamReceiveWindow: 10_000 } });
    const id = await openedStream(client, server);
    server.connection.pauseStream(id);
    client.connection.write(id, Buffer.alloc(1_000_000), false);
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    expect(server.stream(id).bytes).toBe(1);
  });

  it('leaves the other direction open', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.connection.resetStream(id, CANCELLED);
    await server.until(() => server.stream(id).reset !== undefined);
    void server.send(id, 100_000, 9);
    expect(await client.received(id)).toBe(patternHash(100_000, 9));
  });

  it('is of no effect on a stream that has ended, or never was', async () => {
    const { client, server } = await connectPair();
    const id = client.open();
    client.connection.write(id, Buffer.from('all'), true);
    await server.until(() => server.stream(id).fin);
    client.connection.resetStream(id, CANCELLED);
    client.connection.resetStream(4000, CANCELLED);
    client.connection.stopSending(4000, CANCELLED);
    await passMarker(client, server);
    expect(server.stream(id).reset).toBeUndefined();
  });
});

describe('RESET_STREAM behind the end, which our own ends never send', () => {
  it.each(['flowing', 'paused'])('reaches a stream that is %s and not read to its end', async (how) => {
    const endpoint = await QuicServer.start({ streamReceiveWindow: 50_000 });
    const { identity } = await quicOptions('client');
    const config = rawConfig(identity.ca, identity.chain, identity.key);
    const client = await RawClient.start(endpoint.port, config, SERVER_NAME);
    const server = await endpoint.end();
    server.onData = (id) => {
      if (how === 'paused') server.connection.pauseStream(id);
    };
    client.engine.streamSend(0, Buffer.alloc(1000), false);
    client.flush();
    await server.until(() => server.stream(0).bytes > 0);
    client.engine.streamSend(0, Buffer.alloc(4000), true);
    if (how === 'flowing') client.loseNext = 1;
    client.flush();
    client.engine.streamShutdown(0, 1, CANCELLED);
    client.flush();
    await server.until(() => server.stream(0).reset !== undefined);
    expect(server.stream(0)).toMatchObject({ fin: false });
    client.close();
  });
});

describe('STOP_SENDING', () => {
  it('reaches a peer that has nothing to send', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.connection.stopSending(id, CANCELLED);
    await server.until(() => server.stream(id).stopped !== undefined);
    expect(server.stream(id).stopped).toBe(CANCELLED);
  });

  it('reaches a peer that has nothing to send while other streams are busy', async () => {
    const { client, server } = await connectPair();
    const busy = client.open();
    void client.send(busy, 20_000_000, 0);
    for (let turn = 0; turn < 20; turn++) {
      const id = await openedStream(client, server);
      client.connection.write(id, Buffer.alloc(0), true);
      await server.until(() => server.stream(id).fin);
      client.connection.stopSending(id, CANCELLED);
      await server.until(() => server.stream(id).stopped !== undefined);
    }
    client.connection.resetStream(busy, CANCELLED);
  });

  it('reaches a peer in the middle of sending, and drops what it had queued', async () => {
    const { client, server } = await connectPair({ client: { streamReceiveWindow: 20_000 } });
    const id = await openedStream(client, server);
    client.connection.pauseStream(id);
    void server.send(id, 1_000_000, 1);
    await client.until(() => client.stream(id).bytes === 0);
    await passMarker(client, server);
    client.connection.stopSending(id, CANCELLED);
    await server.until(() => server.stream(id).stopped !== undefined);
    expect(server.stream(id).stopped).toBe(CANCELLED);
    expect(server.connection.write(id, Buffer.alloc(10), false)).toBe(true);
  });

  it('ends delivery at once', async () => {
    const { client, server } = await connectPair();
    const id = await openedStream(client, server);
    client.onData = (which) => client.connection.stopSending(which, CANCELLED);
    void server.send(id, 1_000_000, 1);
    await server.until(() => server.stream(id).stopped !== undefined);
    await passMarker(client, server);
    const { bytes, fin, reset } = client.stream(id);
    expect({ fin, reset }).toEqual({ fin: false, reset: undefined });
    expect(bytes).toBeLessThanOrEqual(65_536);
  });

  it('changes nothing for a peer that has sent all', async () => {
    const { client, server } = await connectPair();
    const marker = await openedStream(client, server);
    const id = await openedStream(client, server);
    client.connection.pauseStream(id);
    server.connection.write(id, Buffer.from('all'), true);
    server.connection.write(marker, Buffer.from('!'), false);
    await client.until(() => client.stream(marker).bytes > 0);
    client.connection.stopSending(id, CANCELLED);
    client.connection.write(id, Buffer.alloc(0), true);
    await server.until(() => server.stream(id).fin);
    expect(server.stream(id).stopped).toBeUndefined();
  });
});

describe('opening streams', () => {
  it('is refused beyond the limit, until the peer allows more', async () => {
    const { client, server } = await connectPair({ server: { maxConcurrentStreams: 3 } });
    const ids = [client.open(), client.open(), client.open()];
    expect(client.connection.openStream('bidirectional')).toBeUndefined();
    const offers = client.offers;
    server.onData = (id) => server.connection.write(id, Buffer.from('answer'), true);
    for (const id of ids) client.connection.write(id, Buffer.from('request'), true);
    await client.until(() => client.offers > offers);
    expect(client.connection.openStream('bidirectional')).toBe(12);
  });

  it('offers nothing while only streams of the other kind are allowed', async () => {
    const { client, server } = await connectPair({ server: { maxConcurrentStreams: 2 } });
    const ids = [client.open(), client.open()];
    expect(client.connection.openStream('bidirectional')).toBeUndefined();
    const offers = client.offers;
    const [first = -1] = ids;
    client.connection.write(first, Buffer.from('a'), false);
    await server.until(() => server.stream(first).bytes === 1);
    server.connection.write(first, Buffer.from('b'), false);
    await client.until(() => client.stream(first).bytes === 1);
    expect(client.offers).toBe(offers);
  });

  it('is not for a server towards a client', async () => {
    const { server } = await connectPair();
    expect(server.connection.openStream('bidirectional')).toBeUndefined();
  });
});
