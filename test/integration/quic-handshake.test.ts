/** How connections begin, and what a port does with everything else. */
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { isInitial } from '../../src/quic/packet.ts';
import { SERVER_NAME } from '../support/certificates.ts';
import { patternHash } from '../support/pattern.ts';
import { closeAll, DialFailed, dial, linkTo, QuicServer, quicOptions } from '../support/quic-pair.ts';
import { plainSocket, RawClient, rawConfig } from '../support/quic-raw.ts';

afterEach(closeAll);

/** The first datagram of a client that nothing more is heard of. */
async function firstDatagram(port: number): Promise<Buffer> {
  const { identity } = await quicOptions('client');
  return RawClient.firstDatagram(port, rawConfig(identity.ca), SERVER_NAME);
}

/** A long-header packet (RFC 8999 §5.1) of `length` bytes. */
function longHeader(version: number, length: number, fill = 0): Buffer {
  const packet = Buffer.alloc(length, fill);
  packet[0] = 0xc0;
  packet.writeUInt32BE(version, 1);
  packet[5] = 8;
  packet.write('dest-cid', 6, 'latin1');
  packet[14] = 4;
  packet.write('from', 15, 'latin1');
  return packet;
}

describe('an attempt to connect', () => {
  it('fails at once where nothing listens', async () => {
    const socket = await plainSocket();
    const { port } = socket.address();
    socket.close();
    const dialling = dial(port, { initialRtt: 50 });
    await expect(dialling).rejects.toThrow(/nothing listens on UDP port/);
  });

  it('fails with the word of the system where there is no way', async () => {
    // A broadcast address: no socket may send there unasked.
    await expect(dial(9, {}, '255.255.255.255', '0.0.0.0')).rejects.toThrow(/EACCES|ENETUNREACH/);
  });

  it('fails where the family of addresses does not fit', async () => {
    await expect(dial(9, {}, '::1', '127.0.0.1')).rejects.toThrow('bind_address (127.0.0.1) allows no IPv6');
  });

  it('is refused at once by a server that is shutting down', async () => {
    const endpoint = await QuicServer.start();
    endpoint.endpoint.stopAccepting();
    await expect(dial(endpoint.port)).rejects.toMatchObject({
      close: {
        source: 'remote',
        space: 'transport',
        code: 2,
        reason: 'CONNECTION_REFUSED: the server is shutting down',
      },
    });
    expect(endpoint.endpoint.connections).toBe(0);
  });

  it('fails where the name is unknown', async () => {
    await expect(dial(9, {}, 'host.invalid')).rejects.toThrow(DialFailed);
  });

  it.each([
    ['IPv4', '127.0.0.1', '127.0.0.1', '0.0.0.0'],
    ['IPv4 from a socket for both', '127.0.0.1', '0.0.0.0', '::'],
    ['IPv4 to a socket for both', '127.0.0.1', '::', '0.0.0.0'],
    ['IPv6', '::1', '::1', '::'],
    ['a name', 'localhost', '::', '::'],
  ])('works over %s', async (_what, host, serverAddress, clientAddress) => {
    const endpoint = await QuicServer.start({}, serverAddress);
    const client = await dial(endpoint.port, {}, host, clientAddress);
    const server = await endpoint.end();
    const id = client.open();
    void client.send(id, 50_000, 1);
    expect(await server.received(id)).toBe(patternHash(50_000, 1));
  });

  it.each([
    ['the first datagram of the client', 'up', 1],
    ['the first datagram of the server', 'down', 1],
  ] as const)('repeats what is lost after 2 × initial_rtt: %s', async (_what, direction, count) => {
    const endpoint = await QuicServer.start({ initialRtt: 20 });
    const link = await linkTo(endpoint, {});
    link.dropNext(direction, count);
    const start = performance.now();
    await dial(link.address.port, { initialRtt: 20 });
    // The engine alone would wait for 3 × 333 ms.
    expect(performance.now() - start).toBeLessThan(700);
    expect(link.counters[direction].lost).toBe(count);
  });

  it.each([
    ['', 0],
    [', nor when it sends it again', 1],
  ])('sends no first packet in less than 1200 bytes%s (RFC 9000 §14.1)', async (_what, lost) => {
    const endpoint = await QuicServer.start();
    const link = await linkTo(endpoint, {});
    const initials: number[] = [];
    link.filter('up', (datagram) => {
      if (isInitial(datagram)) initials.push(datagram.length);
      return initials.length > lost;
    });
    await dial(link.address.port, { congestionAlgorithm: 'Cubic', udpPayloadSize: 1200 });
    await endpoint.end();
    expect(initials.length).toBeGreaterThan(1 + lost);
    expect(Math.min(...initials)).toBe(1200);
  });

  it('is not hindered by an initial_rtt far below the true one', async () => {
    const endpoint = await QuicServer.start({ initialRtt: 20 });
    const link = await linkTo(endpoint, { delay: 250 });
    const client = await dial(link.address.port, { initialRtt: 20 });
    const server = await endpoint.end();
    expect([client.closed, server.closed]).toEqual([undefined, undefined]);
  });

  it('does not repeat what is answered in time, with an initial_rtt above the true one', async () => {
    const endpoint = await QuicServer.start({ initialRtt: 500 });
    const link = await linkTo(endpoint, { delay: 200 });
    const client = dial(link.address.port, { initialRtt: 500 });
    await endpoint.end();
    expect(link.counters.up.datagramsIn).toBeLessThanOrEqual(4);
    await client;
  });
});

describe('at the port of a server', () => {
  it('an unknown version is answered with the one there is', async () => {
    const endpoint = await QuicServer.start();
    const socket = await plainSocket();
    socket.send(longHeader(0xfaceb00c, 1200), endpoint.port, '127.0.0.1');
    const [answer] = (await once(socket, 'message')) as [Buffer];
    expect(answer.readUInt32BE(1)).toBe(0);
    // The connection IDs change places (RFC 9000 §17.2.1).
    expect(answer.subarray(5, 19).toString('latin1')).toBe('\x04from\x08dest-cid');
    const versions = [];
    for (let at = 19; at < answer.length; at += 4) versions.push(answer.readUInt32BE(at));
    expect(versions).toContain(1);
    socket.close();
  });

  it('what is not QUIC, or belongs to nobody, is dropped with one line in the log', async () => {
    const endpoint = await QuicServer.start();
    const socket = await plainSocket();
    const garbage = [
      Buffer.from('hello'),
      Buffer.alloc(0),
      Buffer.alloc(40, 0x40),
      Buffer.alloc(1400, 0xff),
      longHeader(0, 1200),
      longHeader(0xfaceb00c, 100),
      longHeader(1, 500),
      longHeader(1, 1200).fill(0xe0, 0, 1),
    ];
    for (const datagram of garbage) socket.send(datagram, endpoint.port, '127.0.0.1');
    // A connection made after it shows that all of it was read.
    await dial(endpoint.port);
    await endpoint.end();
    expect(endpoint.log.lines.filter((line) => line.startsWith('warn'))).toEqual([
      expect.stringMatching(/^warn dropped a datagram from 127\.0\.0\.1:\d+: /),
    ]);
    expect(endpoint.endpoint.connections).toBe(1);
    socket.close();
  });

  it('more bytes than a handshake takes end it', async () => {
    const endpoint = await QuicServer.start();
    const socket = await plainSocket();
    const first = await firstDatagram(endpoint.port);
    socket.send(first, endpoint.port, '127.0.0.1');
    for (let count = 0; count < 8; count++) {
      socket.send(Buffer.from(first).fill(count, 600), endpoint.port, '127.0.0.1');
    }
    const refusal = await endpoint.refusal();
    expect(refusal.reason).toMatch(/more than a handshake takes/);
    socket.close();
  });

  it('the same datagram again and again is no more than the one', async () => {
    const endpoint = await QuicServer.start();
    const socket = await plainSocket();
    const first = await firstDatagram(endpoint.port);
    for (let count = 0; count < 20; count++) socket.send(first, endpoint.port, '127.0.0.1');
    await dial(endpoint.port);
    await endpoint.end();
    expect(endpoint.refusals).toEqual([]);
    socket.close();
  });

  it('strangers get three handshakes at once, and no more without showing that their address is theirs', async () => {
    const endpoint = await QuicServer.start();
    const socket = await plainSocket();
    for (let count = 0; count < 20; count++) {
      socket.send(await firstDatagram(endpoint.port), endpoint.port, '127.0.0.1');
    }
    await expect.poll(() => endpoint.endpoint.meter.retries).toBe(17);
    expect(endpoint.endpoint.connections).toBe(3);
    socket.close();
  });

  it('a handshake that does not go on ends after the idle time-out', async () => {
    const endpoint = await QuicServer.start({ maxIdleTimeout: 200 });
    const socket = await plainSocket();
    socket.send(await firstDatagram(endpoint.port), endpoint.port, '127.0.0.1');
    expect((await endpoint.refusal()).reason).toMatch(/handshake did not complete in time/);
    expect(endpoint.endpoint.connections).toBe(0);
    socket.close();
  });
});

it('a client drops a server that sends more than a handshake takes', async () => {
  const socket = await plainSocket();
  socket.on('message', (_datagram, from) => {
    for (let count = 0; count < 8; count++) socket.send(longHeader(1, 1200, count), from.port, from.address);
  });
  await expect(dial(socket.address().port)).rejects.toThrow(/more than a handshake takes/);
  socket.close();
});
