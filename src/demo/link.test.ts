import { createSocket, type RemoteInfo, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { afterEach, describe, expect, it } from 'vitest';
import { createLink, type Link, type LinkOptions } from './link.ts';

const closers: (() => unknown)[] = [];

afterEach(async () => {
  for (const close of closers.splice(0).reverse()) await close();
});

/** A UDP socket that keeps what it receives. */
interface Endpoint {
  readonly socket: Socket;
  readonly port: number;
  readonly received: { readonly datagram: Buffer; readonly from: RemoteInfo; readonly at: number }[];
  /** Resolves once `count` datagrams have arrived in all. */
  until(count: number): Promise<void>;
}

async function endpoint(): Promise<Endpoint> {
  const socket = createSocket('udp4');
  const received: Endpoint['received'] = [];
  let wake = () => {};
  socket.on('message', (datagram, from) => {
    received.push({ datagram, from, at: performance.now() });
    wake();
  });
  socket.bind(0, '127.0.0.1');
  await once(socket, 'listening');
  closers.push(() => socket.close());
  const until = async (count: number) => {
    while (received.length < count) await new Promise<void>((resolve) => (wake = resolve));
  };
  return { socket, port: socket.address().port, received, until };
}

async function open(server: Endpoint, options: Omit<LinkOptions, 'target'> = {}): Promise<Link> {
  const link = await createLink({ target: { host: '127.0.0.1', port: server.port }, ...options });
  closers.push(() => link.close());
  return link;
}

const send = (from: Endpoint, link: Link, text: string) =>
  from.socket.send(text, link.address.port, link.address.host);

const texts = (at: Endpoint) => at.received.map(({ datagram }) => datagram.toString());

/** The address that the server saw last. */
function lastPeer(server: Endpoint): RemoteInfo {
  const last = server.received.at(-1);
  if (last === undefined) throw new Error('the server has received nothing');
  return last.from;
}

function reply(server: Endpoint, text: string, to = lastPeer(server)): void {
  server.socket.send(text, to.port, to.address);
}

describe('createLink', () => {
  it('relays both ways, each client through a port of its own', async () => {
    const [server, first, second] = [await endpoint(), await endpoint(), await endpoint()];
    const link = await open(server);
    send(first, link, 'one');
    await server.until(1);
    const firstPeer = lastPeer(server);
    send(second, link, 'two');
    await server.until(2);
    expect(lastPeer(server).port).not.toBe(firstPeer.port);
    reply(server, 'to two');
    reply(server, 'to one', firstPeer);
    await Promise.all([first.until(1), second.until(1)]);
    expect([texts(first), texts(second)]).toEqual([['to one'], ['to two']]);
    expect(link.counters.up).toMatchObject({ datagramsIn: 2, bytesIn: 6, datagramsOut: 2, bytesOut: 6 });
    expect(link.counters.down).toMatchObject({ datagramsIn: 2, datagramsOut: 2, lost: 0, dropped: 0 });
  });

  it('is never early, and delivers in order', async () => {
    const [server, client] = [await endpoint(), await endpoint()];
    const link = await open(server, { up: { delay: 30 } });
    const sent: number[] = [];
    for (let number = 0; number < 20; number++) {
      sent.push(performance.now());
      send(client, link, `${number}`);
      await new Promise((resolve) => setImmediate(resolve));
    }
    await server.until(20);
    expect(texts(server)).toEqual(sent.map((_, number) => `${number}`));
    const delays = server.received.map(({ at }, number) => at - (sent[number] ?? 0));
    expect(Math.min(...delays)).toBeGreaterThanOrEqual(30);
  });

  it('delays each direction by its own conditions', async () => {
    const [server, client] = [await endpoint(), await endpoint()];
    const link = await open(server, { delay: 40, up: { delay: 10 } });
    const start = performance.now();
    send(client, link, 'ping');
    await server.until(1);
    const turn = performance.now();
    reply(server, 'pong');
    await client.until(1);
    expect(turn - start).toBeGreaterThanOrEqual(10);
    expect(performance.now() - turn).toBeGreaterThanOrEqual(40);
  });

  it('takes at least the time that the rate demands', async () => {
    const [server, client] = [await endpoint(), await endpoint()];
    const link = await open(server, { rate: 8 });
    const start = performance.now();
    for (let number = 0; number < 50; number++) client.socket.send(Buffer.alloc(1000), link.address.port);
    await server.until(50);
    expect(performance.now() - start).toBeGreaterThanOrEqual(50);
  });

  it('loses everything while cut, and nothing after it is restored', async () => {
    const [server, client] = [await endpoint(), await endpoint()];
    const link = await open(server);
    link.cut();
    send(client, link, 'lost');
    await poll(() => link.counters.up.lost === 1);
    link.restore();
    send(client, link, 'found');
    await server.until(1);
    expect(texts(server)).toEqual(['found']);
  });

  it('drops by script in the named direction alone', async () => {
    const [server, client] = [await endpoint(), await endpoint()];
    const link = await open(server);
    link.dropNext('down', 1);
    send(client, link, 'ping');
    await server.until(1);
    reply(server, 'dropped');
    reply(server, 'kept');
    await client.until(1);
    link.filter('up', (datagram) => datagram.toString() !== 'bad');
    send(client, link, 'bad');
    send(client, link, 'good');
    await server.until(2);
    expect(texts(client)).toEqual(['kept']);
    expect(texts(server)).toEqual(['ping', 'good']);
  });

  it('moves every client to a new port when it rebinds, and loses what goes to the old one', async () => {
    const [server, client] = [await endpoint(), await endpoint()];
    const link = await open(server);
    send(client, link, 'before');
    await server.until(1);
    const old = lastPeer(server);
    link.rebind();
    send(client, link, 'after');
    await server.until(2);
    expect(lastPeer(server).port).not.toBe(old.port);
    reply(server, 'to the old port', old);
    reply(server, 'to the new port');
    await client.until(1);
    expect(texts(client)).toEqual(['to the new port']);
  });

  it('rejects when the address cannot be bound', async () => {
    const target = { host: '127.0.0.1', port: 9 };
    await expect(createLink({ target, host: '192.0.2.1' })).rejects.toThrow('EADDRNOTAVAIL');
  });

  it('closes with datagrams under way', async () => {
    const [server, client] = [await endpoint(), await endpoint()];
    const link = await createLink({ target: { host: '127.0.0.1', port: server.port }, delay: 10_000 });
    send(client, link, 'never');
    await poll(() => link.counters.up.datagramsIn === 1);
    await link.close();
    expect(link.counters.up.datagramsOut).toBe(0);
  });
});

/** Waits, one turn of the event loop after the other; the test's own time limit ends it. */
async function poll(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}
