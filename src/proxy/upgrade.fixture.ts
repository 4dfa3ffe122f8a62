import { once } from 'node:events';
import { connect, type Socket } from 'node:net';
import { expect } from 'vitest';
import type { FrontOptions } from './front.ts';
import type { OriginOptions } from './origin.ts';
import { atEnd, type Pair, startPair, startRawService, until } from './pair.fixture.ts';

/** A request to upgrade, and the answer that agrees. */
export const ASK =
  'GET /chat?x HTTP/1.1\r\nHost: a:1\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\nX-A: 1\r\n\r\n';
export const SWITCHED =
  'HTTP/1.1 101 Switching Protocols\r\nConnection: Upgrade\r\nUpgrade: echo/1\r\nX-B: 2\r\n\r\n';

/** A service that takes one connection at a time, by bytes. */
export interface Service {
  readonly pair: Pair;
  /** What came on all connections. */
  readonly received: () => string;
  readonly sockets: Socket[];
}

export async function start(
  front: Partial<FrontOptions> = {},
  origin: Partial<OriginOptions> = {},
): Promise<Service> {
  const sockets: Socket[] = [];
  let received = '';
  const port = await startRawService((socket) => {
    socket.allowHalfOpen = true;
    socket.setEncoding('latin1');
    socket.on('data', (text: string) => {
      received += text;
    });
    sockets.push(socket);
  });
  return { pair: await startPair(port, front, origin), received: () => received, sockets };
}

/** A client and a service, joined by an upgraded connection. */
export async function joined(front: Partial<FrontOptions> = {}, origin: Partial<OriginOptions> = {}) {
  const service = await start(front, origin);
  const client: Socket = connect({ host: '127.0.0.1', port: service.pair.port, allowHalfOpen: true });
  client.on('error', () => {});
  atEnd(() => client.destroy());
  client.write(ASK);
  await until(() => service.received().endsWith('\r\n\r\n'));
  const far = service.sockets[0] as Socket;
  far.write(SWITCHED);
  const [head] = (await once(client, 'data')) as [Buffer];
  expect(head.toString('latin1')).toMatch(/^HTTP\/1\.1 101 /);
  return { ...service, client, far };
}
