import type { Socket } from 'node:net';
import { describe, expect, it } from 'vitest';
import type { OriginConnection } from './origin-connection.ts';
import { OriginPool } from './origin-pool.ts';
import { atEnd, RawClient, startPair, startRawService, until } from './pair.fixture.ts';

const GET = 'GET / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n';

/** Sends requests one after the other to an origin that answers each so; gives the connections that it saw. */
async function connectionsFor(answer: string, requests = 2): Promise<number> {
  let connections = 0;
  const port = await startRawService((socket) => {
    connections++;
    socket.on('data', () => socket.write(answer, 'latin1'));
  });
  const pair = await startPair(port);
  for (let sent = 0; sent < requests; sent++) {
    expect(await new RawClient(pair.port).send(GET).untilClosed()).toMatch(/^HTTP\/1\.1 20/);
  }
  return connections;
}

function answering(fields: string): (socket: Socket) => void {
  return (socket) => {
    socket.on('data', () => socket.write(`HTTP/1.1 200 OK\r\n${fields}Content-Length: 2\r\n\r\nok`));
  };
}

describe('a connection to the origin', () => {
  it.each([
    ['with content of a known length', 'HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok', 1],
    ['without content', 'HTTP/1.1 204 X\r\n\r\n', 1],
    ['with chunks', 'HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n2\r\nok\r\n0\r\n\r\n', 1],
    ['that closes', 'HTTP/1.1 200 OK\r\nConnection: x, Close\r\nContent-Length: 2\r\n\r\nok', 2],
    ['of HTTP/1.0', 'HTTP/1.0 200 OK\r\nContent-Length: 2\r\n\r\nok', 2],
    ['of HTTP/1.0 that stays', 'HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 2\r\n\r\nok', 1],
    ['kept for too short', 'HTTP/1.1 200 OK\r\nKeep-Alive: timeout=1\r\nContent-Length: 2\r\n\r\nok', 2],
    ['kept for long', 'HTTP/1.1 200 OK\r\nKeep-Alive: max=9, timeout=60\r\nContent-Length: 2\r\n\r\nok', 1],
  ])('after a response %s', async (_name, answer, connections) => {
    expect(await connectionsFor(answer)).toBe(connections);
  });

  it('is counted, and is given up before the origin would', async () => {
    const sockets: Socket[] = [];
    const port = await startRawService((socket) => {
      sockets.push(socket);
      socket.on('data', () => {
        socket.write('HTTP/1.1 200 OK\r\nKeep-Alive: timeout=2\r\nContent-Length: 2\r\n\r\nok');
      });
    });
    const { port: front, origin } = await startPair(port);
    expect(origin.connections).toEqual({ busy: 0, idle: 0 });
    await new RawClient(front).send(GET).untilClosed();
    expect(origin.connections).toEqual({ busy: 0, idle: 1 });
    const answered = performance.now();
    await new Promise((resolve) => sockets[0]?.on('close', resolve));
    expect(performance.now() - answered).toBeLessThan(2000);
    await until(() => origin.connections.idle === 0);
  });

  it('is kept for as long as the origin says, and otherwise for less than five seconds', async () => {
    const said = await startPair(await startRawService(answering('Keep-Alive: timeout=30\r\n')));
    const unsaid = await startPair(await startRawService(answering('')));
    for (const { port } of [said, unsaid]) await new RawClient(port).send(GET).untilClosed();
    await until(() => unsaid.origin.connections.idle === 0);
    expect(said.origin.connections).toEqual({ busy: 0, idle: 1 });
  });

  it('is not used again while its request is still being sent', async () => {
    let connections = 0;
    const port = await startRawService((socket) => {
      connections++;
      socket.once('data', () => socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok'));
    });
    const pair = await startPair(port);
    const upload = 'POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n';
    await new RawClient(pair.port).send(upload).until('ok');
    await new RawClient(pair.port).send(GET).until('ok');
    expect(connections).toBe(2);
  });
});

describe('the pool', () => {
  it('gives nobody a connection that was broken off in the same turn', async () => {
    const port = await startRawService((socket) => {
      socket.on('data', () => socket.write('HTTP/1.1 204 X\r\n\r\n'));
    });
    const address = { host: '127.0.0.1', port };
    const pool = new OriginPool({ address, tcpNoDelay: true, maxHeaderSize: 4096 });
    atEnd(() => pool.destroy());
    const first = pool.take();
    await answered(first);
    expect(pool.connections).toEqual({ busy: 0, idle: 1 });
    pool.destroy();
    expect(pool.connections).toEqual({ busy: 0, idle: 0 });
    const second = pool.take();
    expect(second).not.toBe(first);
    await answered(second);
  });
});

/** Sends a request, and leaves the connection to the pool when it is answered. */
function answered(connection: OriginConnection): Promise<void> {
  return new Promise((resolve, reject) => {
    connection.begin({
      onConnected() {},
      onInterimHead() {},
      onHead: () => 0,
      onContent() {},
      onRoom() {},
      onLost: reject,
      onFault: reject,
      onResponseEnd: () => {
        connection.release(undefined);
        resolve();
      },
    });
    connection.write('GET / HTTP/1.1\r\nHost: a\r\n\r\n');
  });
}
