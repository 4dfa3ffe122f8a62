import { createSocket, type Socket } from 'node:dgram';
import { once } from 'node:events';
import { beforeAll, describe, expect, it, onTestFinished } from 'vitest';
import { batching } from './batching.ts';
import { ConnectedSocket } from './connected-socket.ts';

const QUIET = { debug: () => {}, info: () => {}, warn: () => {} };

async function bound(): Promise<Socket> {
  const socket = createSocket('udp4').bind(0, '127.0.0.1');
  await once(socket, 'listening');
  return socket;
}

/** A connected socket, and the one at the other end. */
async function connected(onFailed: () => void = () => {}) {
  const [socket, other] = [await bound(), await bound()];
  const failures: string[] = [];
  const unsent: Buffer[] = [];
  const wrapped = new ConnectedSocket(socket, QUIET, {
    unsent: (datagrams) => unsent.push(...datagrams),
    failed: (code) => {
      failures.push(code);
      onFailed();
    },
  });
  socket.setRecvBufferSize(4 * 2 ** 20);
  socket.connect(other.address().port, '127.0.0.1');
  await once(socket, 'connect');
  wrapped.connected();
  const { port } = socket.address();
  onTestFinished(() => {
    for (const each of [other, wrapped]) closeAnyway(each);
  });
  return { wrapped, other, port, failures, unsent };
}

/** A test may have closed it. */
function closeAnyway(socket: { close(): void }): void {
  try {
    socket.close();
  } catch {}
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await new Promise((resolve) => setImmediate(resolve));
}

it('sends nothing this way while the process has little to do', async () => {
  const { wrapped } = await connected();
  expect(wrapped.send(Buffer.from('x'))).toBe(false);
});

describe.runIf(process.platform === 'linux')('when the process is busy', () => {
  beforeAll(() => batching.load(QUIET));

  it('sends many at a time, in order', async () => {
    const { wrapped, other, unsent } = await connected();
    const arrived: string[] = [];
    other.on('message', (datagram) => arrived.push(`${datagram}`));
    const sent = Array.from({ length: 200 }, (_, number) => `${number}`);
    for (const text of sent) expect(wrapped.send(Buffer.from(text))).toBe(true);
    await until(() => arrived.length === sent.length);
    expect([arrived, unsent]).toEqual([sent, []]);
  });

  it('reads all that comes, in order, and leaves time for others between', async () => {
    const { wrapped, other, port } = await connected();
    const arrived: string[] = [];
    let turns = 0;
    const counted = new Set<number>();
    wrapped.onDatagram((datagram, from) => {
      expect(from.port).toBe(other.address().port);
      counted.add(turns);
      arrived.push(`${datagram}`);
    });
    const sent = Array.from({ length: 1000 }, (_, number) => `${number}`);
    await Promise.all(
      sent.map((text) => new Promise((resolve) => other.send(text, port, '127.0.0.1', resolve))),
    );
    await until(() => {
      turns++;
      return arrived.length === sent.length;
    });
    expect(arrived).toEqual(sent);
    expect(counted.size).toBeGreaterThan(8);
  });

  it('closes in the midst of what it reads', async () => {
    const { wrapped, other, port } = await connected();
    let arrived = 0;
    wrapped.onDatagram(() => {
      if (++arrived === 1) wrapped.close();
    });
    await Promise.all(
      Array.from({ length: 20 }, () => new Promise((resolve) => other.send('x', port, '127.0.0.1', resolve))),
    );
    await until(() => arrived > 0);
    await new Promise((resolve) => setTimeout(resolve, 10));
    expect(arrived).toBe(1);
    expect(wrapped.send(Buffer.from('x'))).toBe(false);
  });

  it('sends what waits before it closes', async () => {
    const { wrapped, other } = await connected();
    const arrived = once(other, 'message');
    wrapped.send(Buffer.from('goodbye'));
    wrapped.close();
    expect(`${(await arrived)[0]}`).toBe('goodbye');
  });

  it('gives back what was not sent before it tells of a failure, and may be closed then', async () => {
    const givenBack: string[] = [];
    const { wrapped, other, unsent } = await connected(() => {
      givenBack.push(...unsent.map(String));
      wrapped.close();
    });
    other.close();
    await once(other, 'close');
    wrapped.send(Buffer.from('1'));
    batching.outgoing?.flush();
    for (const text of ['2', '3']) wrapped.send(Buffer.from(text));
    batching.outgoing?.flush();
    expect([givenBack, unsent.map(String)]).toEqual([
      ['2', '3'],
      ['2', '3'],
    ]);
    expect(wrapped.send(Buffer.from('4'))).toBe(false);
  });

  it('tells when nothing listens there, and has the rest sent in the ordinary way', async () => {
    const { wrapped, other, failures, unsent } = await connected();
    other.close();
    await once(other, 'close');
    wrapped.send(Buffer.from('1'));
    batching.outgoing?.flush();
    wrapped.send(Buffer.from('2'));
    batching.outgoing?.flush();
    expect(failures).toEqual(['ECONNREFUSED']);
    expect(unsent.map(String)).toEqual(['2']);
  });
});
