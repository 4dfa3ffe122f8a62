/** Streams of a real connection: content, back-pressure, how many there may be. */
import { afterEach, describe, expect, it, onTestFinished } from 'vitest';
import { patternHash } from '../support/pattern.ts';
import { openedStream, passMarker } from '../support/quic-end.ts';
import { closeAll, connectOver, connectPair } from '../support/quic-pair.ts';

afterEach(closeAll);

describe('a turn of the event loop', () => {
  /** A pair whose server has data to deliver as soon as `held` is resumed, and has had all of `other`. */
  async function withHeldData() {
    const { client, server } = await connectPair();
    const [held, other] = [client.open(), client.open()];
    server.onData = (id) => {
      if (id === held) server.connection.pauseStream(id);
    };
    for (const id of [held, other]) client.connection.write(id, Buffer.from('first'), false);
    await server.until(() => server.stream(held).bytes > 0 && server.stream(other).bytes > 0);
    for (const id of [held, other]) client.connection.write(id, Buffer.from('second'), true);
    await server.until(() => server.stream(other).fin);
    return { client, server, held, other };
  }

  it('sends what is ready before it delivers what came', async () => {
    const { client, server, held, other } = await withHeldData();
    const sent = new Promise((resolve) => {
      server.onData = () => {
        resolve([server.connection.figures.queuedBytes, server.connection.traffic.sentBytes]);
      };
    });
    const before = server.connection.traffic.sentBytes;
    server.connection.write(other, Buffer.alloc(500), false);
    server.connection.resumeStream(held);
    expect(server.connection.figures.queuedBytes).toBe(500);
    expect(await sent).toEqual([0, expect.toSatisfy((bytes: number) => bytes > before + 500)]);
    await client.until(() => client.stream(other).bytes === 500);
  });

  it('delivers first while there is much to send, as something more urgent may come of that', async () => {
    const { client, server, held, other } = await withHeldData();
    const queued = new Promise((resolve) => {
      server.onData = () => resolve(server.connection.figures.queuedBytes);
    });
    server.connection.write(other, Buffer.alloc(200_000), false);
    server.connection.resumeStream(held);
    expect(await queued).toBe(200_000);
    await client.until(() => client.stream(other).bytes === 200_000);
  });

  it('delivers nothing more when the connection is closed by what is sent', async () => {
    const { client, server, held, other } = await withHeldData();
    let delivered = 0;
    server.onData = () => {
      delivered++;
    };
    server.onStreamSent = () => server.connection.close(0x100, 'enough');
    server.connection.write(other, Buffer.alloc(500), true);
    server.connection.resumeStream(held);
    await client.until(() => client.closed !== undefined);
    expect([delivered, client.closed?.reason]).toEqual([0, 'enough']);
  });
});

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

  it('go on beside many that stand still with something unread', async () => {
    const { client, server } = await connectPair();
    const still = Array.from({ length: 90 }, () => client.open());
    server.onData = (id) => {
      if (still.includes(id)) server.connection.pauseStream(id);
    };
    for (const id of still) void client.send(id, 1, id);
    for (const id of still) await server.until(() => server.stream(id).bytes > 0);
    for (let seed = 1; seed <= 5; seed++) {
      const id = client.open();
      void client.send(id, 200_000, seed);
      expect(await server.received(id)).toBe(patternHash(200_000, seed));
    }
    for (const id of still) server.connection.resumeStream(id);
    for (const id of still) expect(await server.received(id)).toBe(patternHash(1, id));
  });

  it('are delivered in several turns of the event loop when what they bring takes long', async () => {
    const { client, server } = await connectPair();
    let turn = 0;
    const count = (): void => {
      turn++;
      counting = setImmediate(count);
    };
    let counting = setImmediate(count);
    onTestFinished(() => clearImmediate(counting));
    const turns = new Set<number>();
    server.onData = () => {
      turns.add(turn);
      const until = performance.now() + 10;
      while (performance.now() < until);
    };
    const ids = Array.from({ length: 20 }, () => client.open());
    for (const id of ids) void client.send(id, 1, id);
    for (const id of ids) expect(await server.received(id)).toBe(patternHash(1, id));
    expect(turns.size).toBeGreaterThan(5);
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
