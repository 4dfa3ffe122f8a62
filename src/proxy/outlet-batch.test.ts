import { once } from 'node:events';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { describe, expect, it, onTestFinished } from 'vitest';
import { allOf, socketPair } from '../linux/socket-pair.fixture.ts';
import { loadSystemCalls } from '../linux/system-calls.ts';
import { writeBatch } from '../linux/write-batch.ts';
import { flushOutlets, Outlet } from './outlet.ts';

await loadSystemCalls();
const batch = writeBatch();

/** A connected socket with its outlet, and the other side, which does not read yet. */
async function pair() {
  const { near: socket, far } = await socketPair();
  return { socket, far, outlet: new Outlet(socket) };
}

describe.runIf(batch !== undefined)('what goes out of several sockets at once', () => {
  it('is written past Node', async () => {
    const pairs = await Promise.all([pair(), pair()]);
    for (const { outlet } of pairs) outlet.write('together');
    flushOutlets();
    expect(pairs.map(({ socket }) => socket.bytesWritten)).toEqual([0, 0]);
    for (const { socket, far } of pairs) {
      socket.end();
      expect((await allOf(far)).toString()).toBe('together');
    }
  });

  it('keeps its order while a receiver is slow, and after', async () => {
    const [slow, other] = await Promise.all([pair(), pair()]);
    const given: string[] = [];
    let byNode = 0;
    for (let count = 0; byNode < 20 && count < 2000; count++) {
      const piece = `${count}.`.repeat(2000);
      given.push(piece);
      slow.outlet.write(piece);
      other.outlet.write('.');
      flushOutlets();
      if (slow.socket.writableLength > 0) byNode++;
    }
    expect(byNode).toBe(20);
    const arrived = allOf(slow.far);
    await once(slow.socket, 'drain');
    for (const last of ['then ', 'past Node again']) {
      given.push(last);
      slow.outlet.write(last);
      other.outlet.write('.');
      flushOutlets();
    }
    slow.socket.end();
    expect((await arrived).toString('latin1')).toBe(given.join(''));
  });

  it('tells of a connection that is broken', async () => {
    const [broken, other] = await Promise.all([pair(), pair()]);
    const failed = once(broken.socket, 'error');
    broken.far.resetAndDestroy();
    await once(broken.far, 'close');
    broken.outlet.write('late');
    other.outlet.write('in time');
    flushOutlets();
    const [error] = await failed;
    expect(['EPIPE', 'ECONNRESET']).toContain(error.code);
    other.socket.end();
    expect((await allOf(other.far)).toString()).toBe('in time');
  });

  it('waits for a socket that is still connecting, and is dropped with one that is gone', async () => {
    const [gone, other] = await Promise.all([pair(), pair()]);
    const server = createServer().listen(0, '127.0.0.1');
    await once(server, 'listening');
    const early = connect((server.address() as AddressInfo).port, '127.0.0.1');
    onTestFinished(() => {
      early.destroy();
      server.close();
    });
    const accepted = once(server, 'connection') as Promise<[Socket]>;
    new Outlet(early).write('early');
    gone.outlet.write('dropped');
    other.outlet.write('kept');
    gone.socket.destroy();
    flushOutlets();
    const [far] = await accepted;
    early.end();
    other.socket.end();
    expect((await allOf(far)).toString()).toBe('early');
    expect((await allOf(other.far)).toString()).toBe('kept');
    expect((await allOf(gone.far)).length).toBe(0);
  });
});
