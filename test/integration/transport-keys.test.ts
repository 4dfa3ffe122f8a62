/** Keys of [transport]: what each does to the wire, at either end. */
import { afterEach, describe, expect, it } from 'vitest';
import type { CongestionAlgorithm, QuicOptions } from '../../src/quic/options.ts';
import type { Role, StreamId } from '../../src/quic/port.ts';
import type { QuicEnd } from '../support/quic-end.ts';
import { closeAll, connectOver } from '../support/quic-pair.ts';

afterEach(closeAll);

/** A pair of which one end, with options of its own, sends to the other. */
interface Way {
  readonly sender: QuicEnd;
  readonly receiver: QuicEnd;
  /** Lengths of the sender's datagrams from here on. */
  readonly datagrams: number[];
  /** When the sender's latest datagram came. */
  latest: number;
  /** Streams on which the sender may send. */
  readonly streams: StreamId[];
  /** Loses whatever the receiver sends from now on. */
  silenceReceiver(): void;
}

interface WayOptions {
  readonly sender?: Partial<QuicOptions>;
  readonly receiver?: Partial<QuicOptions>;
}

async function connect(role: Role, { sender = {}, receiver = {} }: WayOptions): Promise<Way> {
  const client = role === 'client' ? sender : receiver;
  const server = role === 'client' ? receiver : sender;
  const pair = await connectOver({ delay: 5 }, { client, server });
  // What is left of the handshake is out of the way.
  await exchange(pair.client, pair.server);
  const there = role === 'client' ? 'up' : 'down';
  const back = role === 'client' ? 'down' : 'up';
  const way: Way = {
    sender: pair[role],
    receiver: role === 'client' ? pair.server : pair.client,
    datagrams: [],
    streams: await openStreams(role, pair.client, pair.server),
    latest: 0,
    silenceReceiver: () => pair.link.filter(back, () => false),
  };
  pair.link.filter(there, (datagram) => {
    way.datagrams.push(datagram.length);
    way.latest = performance.now();
    return true;
  });
  return way;
}

const STREAMS = 8;

/** Only clients open streams that go both ways; a server sends on those that it has heard of. */
async function openStreams(role: Role, client: QuicEnd, server: QuicEnd): Promise<StreamId[]> {
  const ids = Array.from({ length: STREAMS }, () => client.open());
  if (role === 'client') return ids;
  for (const id of ids) {
    client.connection.write(id, Buffer.alloc(1), true);
    await server.received(id);
  }
  return ids;
}

async function exchange(client: QuicEnd, server: QuicEnd): Promise<void> {
  const id = client.open();
  void client.send(id, 10, 1);
  await server.received(id);
  void server.send(id, 10, 1);
  await client.received(id);
}

/** Sends `size` bytes on a stream. */
function pour({ sender, streams: [id = 0] }: Way, size: number): StreamId {
  void sender.send(id, size, 2);
  return id;
}

const sum = (lengths: readonly number[]): number => lengths.reduce((total, length) => total + length, 0);

/** Resolves when `condition` holds; it is looked at every few milliseconds. */
async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setTimeout(resolve, 5));
}

describe.each<Role>(['client', 'server'])('at the %s', (role) => {
  it.each([12_000, 200_000])(
    'initial_window = %i is what leaves before anything is acknowledged',
    async (window) => {
      const way = await connect(role, { sender: { initialWindow: window, initialRtt: 20 } });
      way.silenceReceiver();
      pour(way, 1_000_000);
      await until(() => sum(way.datagrams) >= 0.8 * window);
      // The window is full once nothing leaves any more but probes, which have to wait for their time-out.
      await until(() => performance.now() - way.latest > 40);
      expect(sum(way.datagrams)).toBeLessThan(1.1 * window + 6 * 1350);
    },
  );

  it.each([1200, 4000])('udp_payload_size = %i is the length of full datagrams', async (udpPayloadSize) => {
    const way = await connect(role, { sender: { udpPayloadSize, initialWindow: 50_000 } });
    const id = pour(way, 50_000);
    await way.receiver.received(id);
    expect(Math.max(...way.datagrams)).toBe(udpPayloadSize);
  });

  it.each<[CongestionAlgorithm, boolean]>([
    ['Bbr', false],
    ['Cubic', true],
    ['NewReno', true],
    ['None', true],
  ])(
    'congestion_algorithm = %s: datagrams of two lengths, which keep the engine’s clock: %s',
    async (algorithm, varies) => {
      const way = await connect(role, { sender: { congestionAlgorithm: algorithm } });
      const id = pour(way, 100_000);
      await way.receiver.received(id);
      const shorter = way.datagrams.filter((length) => length === 1349).length;
      if (varies) expect(shorter).toBeGreaterThan(20);
      else expect(shorter).toBeLessThan(5);
    },
  );

  it('max_egress_rate holds back what the link would carry at once', async () => {
    const way = await connect(role, {
      sender: { initialWindow: 500_000, initialRtt: 20, maxEgressRate: 500_000 },
    });
    const start = performance.now();
    await way.receiver.received(pour(way, 200_000));
    // 200,000 bytes less a bucket of ten datagrams.
    expect(performance.now() - start).toBeGreaterThan(370);
  });

  it('stream_receive_window of the other end is what a paused stream takes', async () => {
    const way = await connect(role, { receiver: { streamReceiveWindow: 30_000 } });
    await expectCredit(way, 30_000);
  });

  it('receive_window of the other end bounds it, too', async () => {
    const way = await connect(role, { receiver: { streamReceiveWindow: 1_000_000, receiveWindow: 40_000 } });
    await expectCredit(way, 40_000);
  });

  it('send_window is what is held for a peer that takes nothing', async () => {
    const way = await connect(role, {
      sender: { sendWindow: 300_000 },
      receiver: { streamReceiveWindow: 20_000 },
    });
    way.receiver.onData = (id) => way.receiver.connection.pauseStream(id);
    let taken = 0;
    for (const id of way.streams) {
      while (way.sender.connection.write(id, Buffer.alloc(10_000), false)) taken += 10_000;
      taken += 10_000;
    }
    expect(taken).toBeGreaterThan(300_000);
    // Beyond the window each stream has a share, so that one that can go on does.
    expect(taken).toBeLessThan(300_000 + STREAMS * 40_000);
  });

  it('keep_alive_interval = 50 sends something that often into silence', async () => {
    const way = await connect(role, { sender: { keepAliveInterval: 50 } });
    const start = performance.now();
    await until(() => way.datagrams.length >= 8);
    expect(performance.now() - start).toBeGreaterThan(6 * 50);
  });

  it('max_idle_timeout = 300 counts, though the other end has 5000', async () => {
    const way = await connect(role, { sender: { maxIdleTimeout: 300, keepAliveInterval: 100 } });
    way.silenceReceiver();
    await until(() => way.sender.closed !== undefined);
    expect(way.sender.closed).toMatchObject({ source: 'idle' });
  });

  it('initial_rtt is the pace of the first window', async () => {
    const way = await connect(role, { sender: { initialWindow: 100_000, initialRtt: 1000 } });
    way.silenceReceiver();
    const start = performance.now();
    pour(way, 90_000);
    await until(() => sum(way.datagrams) > 30_000);
    // 100 bytes a millisecond, less a bucket of ten datagrams and some probes.
    expect(performance.now() - start).toBeGreaterThan(100);
  });
});

/** The receiver pauses at the first bytes: no more than its credit ever arrives, and nearly that much leaves. */
async function expectCredit(way: Way, credit: number): Promise<void> {
  way.receiver.onData = (id) => way.receiver.connection.pauseStream(id);
  pour(way, 500_000);
  await until(() => sum(way.datagrams) > credit);
  await until(() => performance.now() - way.latest > 60);
  expect(sum(way.datagrams)).toBeLessThan(1.2 * credit + 5000);
}
