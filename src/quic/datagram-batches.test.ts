import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { describe, expect, it, onTestFinished } from 'vitest';
import { datagramDescriptor } from '../linux/descriptor.ts';
import { loadSystemCalls, type SystemCalls } from '../linux/system-calls.ts';
import { IncomingBatch, MOST_AT_ONCE } from './incoming-batch.ts';
import { OutgoingBatch } from './outgoing-batch.ts';

const calls = await loadSystemCalls();
const supported = process.platform === 'linux';

/** Two sockets connected with one another. */
async function pair() {
  const sockets = [
    createSocket('udp4').bind(0, '127.0.0.1'),
    createSocket('udp4').bind(0, '127.0.0.1'),
  ] as const;
  const [one, other] = sockets;
  await Promise.all(sockets.map((socket) => once(socket, 'listening')));
  other.setRecvBufferSize(4 * 2 ** 20);
  one.connect(other.address().port, '127.0.0.1');
  other.connect(one.address().port, '127.0.0.1');
  await Promise.all(sockets.map((socket) => once(socket, 'connect')));
  onTestFinished(() => {
    one.close();
    other.close();
  });
  return { one, other };
}

/** The system's calls, which note how many messages each sends, and fail as `errors` say, one after the other. */
function noting(errors: string[] = []): { calls: SystemCalls; messages: number[] } {
  if (calls === undefined) throw new Error('no system calls here');
  const messages: number[] = [];
  const send: SystemCalls['send'] = (descriptor, headers, count) => {
    messages.push(count);
    return errors.shift() ?? calls.send(descriptor, headers, count);
  };
  return { calls: { ...calls, send }, messages };
}

function targetAt(socket: Socket) {
  const unsent: Buffer[] = [];
  const codes: (string | undefined)[] = [];
  return {
    descriptor: datagramDescriptor(socket) ?? -1,
    segments: true,
    unsent(datagrams: readonly Buffer[], code: string | undefined) {
      unsent.push(...datagrams);
      codes.push(code);
    },
    missed: unsent,
    codes,
  };
}

/** A datagram of `length` bytes that is unlike others. */
function datagram(length: number, content: number): Buffer {
  return Buffer.alloc(length, content % 251);
}

/** What the next `count` datagrams at a socket are. */
async function next(socket: Socket, count: number): Promise<Buffer[]> {
  const arrived: Buffer[] = [];
  await new Promise<void>((resolve) => {
    socket.on('message', (each) => {
      if (arrived.push(each) === count) resolve();
    });
  });
  socket.removeAllListeners('message');
  return arrived;
}

it.runIf(supported)('the system calls are there, and so are descriptors', async () => {
  const { one } = await pair();
  expect(calls).toBeDefined();
  expect(datagramDescriptor(one)).toBeGreaterThan(2);
  const closed = createSocket('udp4');
  closed.close();
  expect(datagramDescriptor(closed)).toBeUndefined();
});

describe.runIf(supported)('a batch that is sent', () => {
  it.each([
    ['alike', [1350, 1350, 1350, 1350], [1]],
    ['alike, and a shorter one behind', [1350, 1350, 1350, 20], [1]],
    ['alike, and a longer one behind', [1349, 1349, 1350], [2]],
    ['each shorter than the one before', [1350, 1300, 1250, 1200], [2]],
    ['of two lengths in turns', [1350, 1349, 1350, 1349], [2]],
    ['one', [300], [1]],
    ['a hundred small ones', Array.from({ length: 100 }, () => 40), [1, 1, 1, 1, 1, 1, 1]],
    ['forty large ones', Array.from({ length: 40 }, () => 1350), [1, 1, 1]],
    ['the largest', Array.from({ length: 4 }, () => 30_000), [1, 1]],
  ])('arrives datagram by datagram: %s', async (_what, lengths, messages) => {
    const { one, other } = await pair();
    const noted = noting();
    const batch = new OutgoingBatch(noted.calls);
    const target = targetAt(one);
    const sent = lengths.map((length, index) => datagram(length, index));
    const arrived = next(other, sent.length);
    for (const each of sent) {
      const memory = Buffer.from(each);
      expect(batch.add(target, memory)).toBe(true);
      memory.fill(255);
    }
    expect(await arrived).toEqual(sent);
    expect(noted.messages).toEqual(messages);
    expect(target.missed).toEqual([]);
  });

  it('is of one socket at a time', async () => {
    const [first, second] = [await pair(), await pair()];
    const noted = noting();
    const batch = new OutgoingBatch(noted.calls);
    const targets = [targetAt(first.one), targetAt(second.one)] as const;
    const arrived = Promise.all([next(first.other, 2), next(second.other, 1)]);
    batch.add(targets[0], datagram(100, 1));
    batch.add(targets[1], datagram(100, 2));
    batch.add(targets[0], datagram(100, 3));
    expect(await arrived).toEqual([[datagram(100, 1), datagram(100, 3)], [datagram(100, 2)]]);
    expect(noted.messages).toEqual([1, 1, 1]);
  });

  it('takes none that is larger than the system cuts into pieces', async () => {
    const { one } = await pair();
    const batch = new OutgoingBatch(noting().calls);
    expect(batch.add(targetAt(one), Buffer.alloc(65_001))).toBe(false);
  });

  it('goes without segments where the system has none, and loses nothing', async () => {
    const { one, other } = await pair();
    const noted = noting(['EIO']);
    const batch = new OutgoingBatch(noted.calls);
    const target = targetAt(one);
    const sent = [datagram(500, 1), datagram(500, 2), datagram(500, 3)];
    for (const each of sent) batch.add(target, each);
    batch.flush();
    expect([target.missed, target.codes, target.segments]).toEqual([sent, [undefined], false]);
    const arrived = next(other, 3);
    for (const each of sent) batch.add(target, each);
    expect(await arrived).toEqual(sent);
    expect(noted.messages).toEqual([1, 3]);
  });

  it('gives back what was not sent, with what the network said of an earlier datagram', async () => {
    const { one } = await pair();
    const batch = new OutgoingBatch(noting().calls);
    const target = targetAt(one);
    const gone = createSocket('udp4').bind(0, '127.0.0.1');
    await once(gone, 'listening');
    const nowhere = gone.address().port;
    await new Promise<void>((resolve) => gone.close(() => resolve()));
    one.disconnect();
    one.connect(nowhere, '127.0.0.1');
    await once(one, 'connect');
    batch.add(target, datagram(10, 1));
    batch.flush();
    for (const content of [2, 3, 3]) batch.add(target, datagram(10 * content, content));
    batch.flush();
    expect(target.codes).toEqual(['ECONNREFUSED']);
    expect(target.missed).toEqual([2, 3, 3].map((content) => datagram(10 * content, content)));
  });

  it('gives back all of it when the descriptor is no socket any more', async () => {
    const batch = new OutgoingBatch(noting().calls);
    const { one } = await pair();
    const target = { ...targetAt(one), descriptor: -1 };
    batch.add(target, datagram(10, 1));
    batch.flush();
    expect([target.missed, target.codes]).toEqual([[datagram(10, 1)], ['EBADF']]);
  });
});

describe.runIf(supported)('a batch that is received', () => {
  /** Sends so many of `length`, and waits until the system has them. */
  async function waiting(count: number, length: number) {
    const { one, other } = await pair();
    const sent = Array.from({ length: count }, (_, index) => datagram(length, index));
    for (const each of sent) one.send(each);
    return { sent, descriptor: datagramDescriptor(other) ?? -1 };
  }

  function incoming(): IncomingBatch {
    if (calls === undefined) throw new Error('no system calls here');
    return new IncomingBatch(calls);
  }

  it.each([
    ['some', 5, 1350],
    ['as many as are read at once', MOST_AT_ONCE, 40],
    ['large ones', 3, 60_000],
  ])('has what waits, in order: %s', async (_what, count, length) => {
    const { sent, descriptor } = await waiting(count, length);
    const read: Buffer[] = [];
    expect(incoming().read(descriptor, MOST_AT_ONCE, (each) => read.push(Buffer.from(each)))).toBe(count);
    expect(read).toEqual(sent);
  });

  it('is as large as was asked for; the rest stays', async () => {
    const { sent, descriptor } = await waiting(5, 100);
    const read: Buffer[] = [];
    const batch = incoming();
    const take = (each: Buffer) => read.push(Buffer.from(each));
    expect(batch.read(descriptor, 2, take)).toBe(2);
    expect(batch.read(descriptor, MOST_AT_ONCE, take)).toBe(3);
    expect(batch.read(descriptor, MOST_AT_ONCE, take)).toBe('EAGAIN');
    expect(read).toEqual(sent);
  });

  it('leaves its memory alone while it is read', async () => {
    const { descriptor } = await waiting(2, 100);
    const batch = incoming();
    const within: (number | string)[] = [];
    batch.read(descriptor, 1, () => within.push(batch.read(descriptor, 1, () => {})));
    expect(within).toEqual(['EAGAIN']);
    expect(batch.read(descriptor, 1, () => {})).toBe(1);
  });
});
