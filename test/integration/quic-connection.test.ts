/** How connections live and end. */
import { afterEach, describe, expect, it } from 'vitest';
import type { CongestionAlgorithm } from '../../src/quic/options.ts';
import { patternHash } from '../support/pattern.ts';
import { closeAll, connectOver, connectPair, dial, QuicServer } from '../support/quic-pair.ts';
import { plainSocket } from '../support/quic-raw.ts';

afterEach(closeAll);

describe('closing', () => {
  it.each(['client', 'server'] as const)('by the %s tells both ends code and reason', async (closer) => {
    const pair = await connectPair();
    const other = closer === 'client' ? 'server' : 'client';
    pair[closer].connection.close(0x102, 'enough of this');
    expect(pair[closer].closed).toBeUndefined();
    for (const end of [pair.client, pair.server]) await end.until(() => end.closed !== undefined);
    const close = { space: 'application', code: 0x102, reason: 'enough of this' };
    expect(pair[closer].closed).toEqual({ source: 'local', ...close });
    expect(pair[other].closed).toEqual({ source: 'remote', ...close });
  });

  it('is told however early it comes', async () => {
    const endpoint = await QuicServer.start();
    for (let count = 0; count < 20; count++) {
      const client = await dial(endpoint.port);
      const server = await endpoint.end(count);
      client.connection.close(0x102, 'not needed');
      await server.until(() => server.closed !== undefined);
      expect(server.closed).toMatchObject({ source: 'remote', code: 0x102 });
    }
  });

  it('comes behind what was written before it', async () => {
    const { client, server } = await connectPair();
    // Whatever of the handshake the engine may want to send again goes before data, and the end before that.
    const first = client.open();
    void client.send(first, 10, 1);
    await server.received(first);
    void server.send(first, 10, 1);
    await client.received(first);
    const id = client.open();
    client.connection.write(id, Buffer.from('last words'), true);
    client.connection.close(0x100, '');
    await server.until(() => server.closed !== undefined);
    expect(server.stream(id)).toMatchObject({ bytes: 10, fin: true });
  });

  it('comes behind what was written before it, though the server shares its time between several', async () => {
    const endpoint = await QuicServer.start();
    const client = await dial(endpoint.port);
    const server = await endpoint.end();
    const other = await dial(endpoint.port);
    const deliver = server.onStreamData.bind(server);
    // More than its share: what comes next has to wait.
    server.onStreamData = (id, chunk, fin) => {
      const until = performance.now() + 25;
      while (performance.now() < until);
      deliver(id, chunk, fin);
    };
    const first = client.open();
    void other.send(other.open(), 10, 1);
    void client.send(first, 10, 1);
    await server.received(first);
    const id = client.open();
    client.connection.write(id, Buffer.from('last words'), true);
    client.connection.close(0x100, '');
    await server.until(() => server.closed !== undefined);
    expect(server.stream(id)).toMatchObject({ bytes: 10, fin: true });
    expect(server.closed).toMatchObject({ source: 'remote', code: 0x100 });
  });

  it('is told with whatever fits of a long reason', async () => {
    const { client, server } = await connectPair();
    client.connection.close(0x102, 'é'.repeat(5000));
    await server.until(() => server.closed !== undefined);
    expect(server.closed).toMatchObject({ source: 'remote', code: 0x102 });
  });

  it('makes all later calls harmless', async () => {
    const { client } = await connectPair();
    const id = client.open();
    client.connection.close(0x100, '');
    client.connection.close(0x101, 'again');
    await client.until(() => client.closed !== undefined);
    const { connection } = client;
    expect(connection.write(id, Buffer.from('late'), true)).toBe(true);
    expect(connection.openStream('bidirectional')).toBeUndefined();
    connection.resetStream(id, 1);
    connection.stopSending(id, 1);
    connection.pauseStream(id);
    connection.resumeStream(id);
    connection.setPriority(id, 3, true);
    connection.close(0x100, '');
    expect(client.closed).toMatchObject({ source: 'local', code: 0x100 });
  });

  it('of the endpoint tells every client', async () => {
    const endpoint = await QuicServer.start();
    const ends = [await dial(endpoint.port), await dial(endpoint.port), await dial(endpoint.port)];
    await endpoint.end(2);
    await endpoint.endpoint.close(0x100, 'going home');
    for (const end of ends) {
      await end.until(() => end.closed !== undefined);
      expect(end.closed).toMatchObject({ source: 'remote', code: 0x100, reason: 'going home' });
    }
    expect(endpoint.endpoint.connections).toBe(0);
  });
});

describe('silence', () => {
  it('ends a connection at both ends after max_idle_timeout', async () => {
    const { client, server, link } = await connectOver({}, { client: { maxIdleTimeout: 300 } });
    link.cut();
    for (const end of [client, server]) {
      await end.until(() => end.closed !== undefined);
      expect(end.closed).toMatchObject({ source: 'idle', space: 'transport' });
    }
  });

  it('of those who use it does not end a connection that is kept alive', async () => {
    const alive = { maxIdleTimeout: 400, keepAliveInterval: 100 };
    const { client, server, link } = await connectOver({ delay: 5 }, { client: alive, server: alive });
    const { datagramsOut } = link.counters.up;
    // Time passes as keep-alives are counted: five of them are longer than the time-out.
    await new Promise<void>((resolve) => {
      link.filter('up', () => {
        if (link.counters.up.datagramsOut >= datagramsOut + 8) resolve();
        return true;
      });
    });
    expect([client.closed, server.closed]).toEqual([undefined, undefined]);
    const id = client.open();
    client.connection.write(id, Buffer.from('still there'), true);
    await server.until(() => server.stream(id).fin);
  });

  it('is broken by one question and its acknowledgment in each keep_alive_interval', async () => {
    const alive = { keepAliveInterval: 400 };
    const { link } = await connectOver({}, { client: alive, server: alive });
    const times: number[] = [];
    await new Promise<void>((resolve) => {
      link.filter('up', () => {
        const now = performance.now();
        // What belongs to the beginning of a connection is not counted.
        if (times.length === 1 && now - (times[0] ?? 0) < 0.9 * alive.keepAliveInterval) times.pop();
        if (times.push(now) === 6) resolve();
        return true;
      });
    });
    const [first = 0] = times;
    expect((times.at(-1) ?? 0) - first).toBeGreaterThan(5 * 0.95 * alive.keepAliveInterval);
  });

  it('at the port of the server is told as such', async () => {
    const socket = await plainSocket();
    const dialling = dial(socket.address().port, { maxIdleTimeout: 200 });
    await expect(dialling).rejects.toMatchObject({
      close: { source: 'idle', reason: expect.stringContaining('no answer') },
    });
    socket.close();
  });
});

describe('five megabytes over a link that loses 1 %', () => {
  it.each<CongestionAlgorithm>(['Bbr', 'Cubic', 'NewReno', 'None'])('arrive with %s', async (algorithm) => {
    const options = { congestionAlgorithm: algorithm, initialWindow: 200_000, initialRtt: 20 };
    const { client, server } = await connectOver(
      { delay: 5, rate: 100, loss: 1, seed: 3 },
      { client: options, server: options },
    );
    const id = client.open();
    void client.send(id, 5_000_000, 4);
    expect(await server.received(id)).toBe(patternHash(5_000_000, 4));
  });
});
