import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { expect, it, onTestFinished } from 'vitest';
import { PeerSockets } from './peer-sockets.ts';
import { openSocket } from './socket.ts';

const QUIET = { debug: () => {}, info: () => {}, warn: () => {} };

/** An endpoint's socket and those of peers; `received` has what came, in the order that it was read. */
async function endpoint() {
  const socket = await openSocket(
    {
      bindAddress: '127.0.0.1',
      port: 0,
      receiveBufferSize: undefined,
      sendBufferSize: undefined,
      shared: true,
    },
    QUIET,
  );
  const received: string[] = [];
  const { address } = socket;
  socket.onDatagram((datagram) => received.push(`rest: ${datagram}`));
  const peers = new PeerSockets(address, 4, {
    size: () => {},
    logger: QUIET,
    onDatagram: (datagram) => received.push(`own: ${datagram}`),
    send: (datagram, to) => socket.send(datagram, to),
  });
  onTestFinished(() => {
    peers.close();
    socket.close();
  });
  return { address, peers, received };
}

async function sender(to: { host: string; port: number }) {
  const socket: Socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  onTestFinished(() => void socket.close());
  const send = (text: string) =>
    new Promise((resolve) => socket.send(Buffer.from(text), to.port, to.host, resolve));
  return { address: { host: '127.0.0.1', port: socket.address().port }, send };
}

/** Waits until `count` datagrams were read. */
async function reads(received: readonly string[], count: number): Promise<void> {
  while (received.length < count) await new Promise((resolve) => setImmediate(resolve));
}

it('gives a peer a socket of its own until its last connection has gone', async () => {
  const { address, peers, received } = await endpoint();
  const [one, other] = [await sender(address), await sender(address)];
  peers.add(one.address);
  peers.add(one.address);
  peers.remove(one.address);
  await one.send('1');
  await other.send('2');
  await reads(received, 2);
  expect(received.sort()).toEqual(['own: 1', 'rest: 2']);
  peers.remove(one.address);
  await one.send('3');
  await reads(received, 3);
  expect(received.at(-1)).toBe('rest: 3');
});

it('lets what one peer sends not wait behind all that another one has sent before', async () => {
  const { address, peers, received } = await endpoint();
  const [crowd, victim] = [await sender(address), await sender(address)];
  for (const peer of [crowd, victim]) peers.add(peer.address);
  // Nothing is read before all of it is there.
  const sent = Array.from({ length: 100 }, (_, at) => crowd.send(`${at}`));
  sent.push(victim.send('waits'));
  await Promise.all(sent);
  await reads(received, 101);
  expect(received.indexOf('own: waits')).toBeLessThan(64);
});

it('takes no port that another process has', async () => {
  const { address } = await endpoint();
  const taken = openSocket(
    {
      bindAddress: '127.0.0.1',
      port: address.port,
      receiveBufferSize: undefined,
      sendBufferSize: undefined,
      shared: true,
    },
    QUIET,
  );
  await expect(taken).rejects.toMatchObject({ code: 'EADDRINUSE' });
});

it('goes on without where none can be had', async () => {
  const { address, peers, received } = await endpoint();
  const peer = await sender(address);
  // As no address of this host, it cannot be bound.
  const elsewhere = new PeerSockets({ host: '192.0.2.1', port: 1 }, 4, {
    size: () => {},
    logger: QUIET,
    onDatagram: () => {},
    send: () => {},
  });
  elsewhere.add(peer.address);
  await new Promise((resolve) => setImmediate(resolve));
  elsewhere.remove(peer.address);
  peers.close();
  await peer.send('x');
  await reads(received, 1);
  expect(received).toEqual(['rest: x']);
});
