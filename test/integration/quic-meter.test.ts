/** What a QUIC end counts of itself. */
import { createSocket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it, vi } from 'vitest';
import { createAuthority } from '../../src/demo/certificates.ts';
import { closeAll, connectOver, connectPair, dial, issueIdentity, QuicServer } from '../support/quic-pair.ts';

afterEach(closeAll);

const SIZE = 200_000;

describe('the meter of an endpoint', () => {
  it('counts what connections move, and keeps it when they are gone', async () => {
    const { client, server, endpoint } = await connectPair();
    const { meter } = endpoint.endpoint;
    const id = client.open();
    await client.send(id, SIZE, 1);
    await server.received(id);
    expect(meter.connects).toBe(1);
    expect(meter.live.map(({ connection }) => connection.id)).toEqual([server.connection.id]);
    expect(meter.traffic.receivedBytes).toBeGreaterThan(SIZE);
    client.connection.close(0x100, '');
    await vi.waitUntil(() => meter.live.length === 0, { timeout: 5000 });
    expect(meter.traffic.receivedBytes).toBeGreaterThan(SIZE);
    expect(meter.lastFailure).toBeUndefined();
  });

  it('knows how a connection is', async () => {
    const { client, server } = await connectOver({ delay: 5 });
    const id = client.open();
    await client.send(id, SIZE, 1);
    await server.received(id);
    const { figures } = client.connection;
    expect(figures.rtt).toBeGreaterThanOrEqual(10);
    expect(figures.congestionWindow).toBeGreaterThan(0);
    expect(figures.bytesInFlight).toBeLessThanOrEqual(figures.congestionWindow);
  });

  it('counts a peer that it does not trust among the failures', async () => {
    const server = await QuicServer.start();
    const stranger = await issueIdentity('client', {}, await createAuthority('another'));
    const client = await dial(server.port, { identity: stranger });
    await client.until(() => client.closed !== undefined);
    await server.refusal();
    const { meter } = server.endpoint;
    expect(meter.failures.connecting.certificate).toBe(1);
    expect(meter.lastFailure?.reason).toMatch(/unknown_ca/);
    expect(client.connection.traffic.sentPackets).toBeGreaterThan(0);
  });

  it('counts a connection that was lost', async () => {
    const { client, endpoint } = await connectPair();
    client.connection.close(0x102, 'enough of this');
    await vi.waitUntil(() => endpoint.endpoint.meter.failures.established.http3 === 1, { timeout: 5000 });
  });

  it('counts datagrams that are dropped, by reason', async () => {
    const server = await QuicServer.start();
    const socket = createSocket('udp4');
    for (const datagram of [Buffer.from([0xc0]), Buffer.alloc(40, 1)]) {
      await new Promise((resolve) => socket.send(datagram, server.port, '127.0.0.1', resolve));
    }
    socket.close();
    await once(socket, 'close');
    const { drops } = server.endpoint.meter;
    await vi.waitUntil(() => drops.not_quic === 1 && drops.unknown_connection === 1, { timeout: 5000 });
  });
});
