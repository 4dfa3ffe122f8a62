import { EventEmitter } from 'node:events';
import { type AddressInfo, connect, createServer, type Server, type Socket } from 'node:net';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import { flushOutlets, Outlet } from './outlet.ts';

let server: Server;
const accepted: Socket[] = [];
/** What came on each connection that has ended, by its client's port. */
const ended = new EventEmitter();

beforeAll(async () => {
  server = createServer((socket) => {
    accepted.push(socket);
    let text = '';
    socket.on('data', (bytes) => {
      text += bytes.toString('latin1');
    });
    socket.on('end', () => ended.emit(String(socket.remotePort), text));
    socket.on('error', () => {});
  });
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
});

afterAll(() => {
  for (const socket of accepted) socket.destroy();
  server.close();
});

/** A connected socket with its outlet, and all that its other side has received once it ends. */
async function pair() {
  const socket = connect((server.address() as AddressInfo).port, '127.0.0.1');
  await new Promise((resolve) => socket.once('connect', resolve));
  const all = new Promise<string>((resolve) => ended.once(String(socket.localPort), resolve));
  return { socket, outlet: new Outlet(socket), all };
}

const pairs = (count: number) => Promise.all(Array.from({ length: count }, pair));

describe('what goes out of sockets', () => {
  it('waits for the end of the callback, and no longer', async () => {
    const [one, other] = await pairs(2);
    one?.outlet.write('head');
    other?.outlet.write(Buffer.from('bytes'));
    const before = [one?.socket.bytesWritten, other?.socket.bytesWritten];
    await Promise.resolve();
    expect([before, one?.socket.bytesWritten, other?.socket.bytesWritten]).toEqual([[0, 0], 4, 5]);
  });

  it('goes out when somebody says that nothing more comes', async () => {
    const [one] = await pairs(1);
    one?.outlet.write('now');
    flushOutlets();
    expect(one?.socket.bytesWritten).toBe(3);
  });

  it('does not wait for more than thirty-one others', async () => {
    const all = await pairs(33);
    for (const { outlet } of all) outlet.write('x');
    expect(all.map(({ socket }) => socket.bytesWritten).join('')).toBe(`${'1'.repeat(32)}0`);
  });

  it('keeps its order, whatever its size and however it is put together', async () => {
    const { socket, outlet, all } = await pair();
    outlet.write('1');
    outlet.write('2');
    outlet.write(Buffer.alloc(20_000, '3'));
    outlet.write('4');
    outlet.writeAll(['5', Buffer.from('6'), '']);
    outlet.write('7');
    outlet.flush();
    socket.end('8');
    expect(await all).toBe(`12${'3'.repeat(20_000)}45678`);
  });

  it('is dropped with a socket that is broken off', async () => {
    const { socket, outlet } = await pair();
    const errors: unknown[] = [];
    socket.on('error', (error) => errors.push(error));
    outlet.write('late');
    socket.destroy();
    await new Promise((resolve) => socket.once('close', resolve));
    await new Promise((resolve) => setImmediate(resolve));
    expect([errors, socket.bytesWritten]).toEqual([[], 0]);
  });
});
