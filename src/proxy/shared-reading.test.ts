import { once } from 'node:events';
import type { IncomingMessage, ServerResponse } from 'node:http';
import { type AddressInfo, connect, createServer, type Socket } from 'node:net';
import { expect, it } from 'vitest';
import { atEnd, contentOf, RawClient, startPair, startService, until } from './pair.fixture.ts';
import { ownedBytes, READ_BUFFER, SharedReading } from './shared-reading.ts';

/** Both ends of a connection; the first was accepted. */
async function connected(): Promise<[Socket, Socket]> {
  const server = createServer({ allowHalfOpen: true });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const client = connect({ host: '127.0.0.1', port: (server.address() as AddressInfo).port, noDelay: true });
  const [accepted] = (await once(server, 'connection')) as [Socket];
  atEnd(() => {
    client.destroy();
    accepted.destroy();
    server.close();
  });
  return [accepted, client];
}

const BARE = 'GET / HTTP/1.1\r\nHost: a\r\n\r\n';

/** As in a Node that keeps the option elsewhere. */
function hide(socket: Socket): void {
  Object.defineProperty(Reflect.get(socket, '_handle'), 'useUserBuffer', { value: undefined });
}

it('reads into the same memory once it is shared, in this version of Node', async () => {
  const [accepted, client] = await connected();
  const pieces: Buffer[] = [];
  const reading = new SharedReading(accepted, (bytes) => pieces.push(bytes));
  client.write('a');
  await until(() => pieces.length === 1);
  reading.share();
  client.write('b');
  await until(() => pieces.length === 2);
  const [own, shared] = pieces as [Buffer, Buffer];
  expect(own.buffer).not.toBe(READ_BUFFER.buffer);
  expect(ownedBytes(own)).toBe(own);
  expect(shared.buffer).toBe(READ_BUFFER.buffer);
  expect(ownedBytes(shared)).toEqual(Buffer.from('b'));
  expect(ownedBytes(shared).buffer).not.toBe(READ_BUFFER.buffer);
});

it.each([
  ['shared memory', () => {}],
  ['memory from Node', hide],
])('hands on what comes and its end: %s', async (_, prepare) => {
  const [accepted, client] = await connected();
  prepare(accepted);
  let text = '';
  let hasEnded = false;
  const reading = new SharedReading(accepted, (bytes) => {
    text += bytes.toString('latin1');
  });
  accepted.on('end', () => {
    hasEnded = true;
  });
  client.write('one');
  await until(() => text === 'one');
  reading.share();
  accepted.pause();
  client.write('two');
  accepted.resume();
  await until(() => text === 'onetwo');
  client.end('three');
  await until(() => hasEnded);
  expect(text).toBe('onetwothree');
});

it.each([
  ['shared memory', () => {}],
  ['memory from Node', hide],
])('leaves the socket to others, who get memory of their own: %s', async (_, prepare) => {
  const [accepted, client] = await connected();
  prepare(accepted);
  let first = '';
  const reading = new SharedReading(accepted, (bytes) => {
    first += bytes.toString('latin1');
  });
  reading.share();
  client.write('first');
  await until(() => first === 'first');
  reading.leave();
  const block = Buffer.from(Array.from({ length: 3_000_000 }, (_, at) => (at * 7) % 253));
  client.end(block);
  const pieces: Buffer[] = [];
  let hasEnded = false;
  accepted.pause();
  accepted.on('data', (piece: Buffer) => {
    pieces.push(piece);
    // Read in bits, so that the socket has to wait and go on.
    accepted.pause();
    setImmediate(() => accepted.resume());
  });
  accepted.on('end', () => {
    hasEnded = true;
  });
  accepted.resume();
  await until(() => hasEnded);
  expect(Buffer.concat(pieces).equals(block)).toBe(true);
  expect(first).toBe('first');
});

it('keeps apart what twenty clients send at the same time', async () => {
  const port = await startService((request, response) => {
    // Late, so that content is held back at every place.
    setTimeout(() => request.pipe(response), 20);
  });
  const pair = await startPair(port);
  const clients = Array.from({ length: 20 }, (_, index) => {
    const piece = String.fromCharCode(97 + index).repeat(1000 + index);
    const rounds = 200;
    const head = `POST / HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: ${piece.length * rounds}\r\n\r\n`;
    return { client: new RawClient(pair.port), head, piece, rounds };
  });
  // Behind requests without content they share their memory.
  for (const { client, head } of clients) {
    await client.send(BARE).until('\r\n\r\n');
    client.send(head);
  }
  for (let round = 0; round < 200; round++) {
    for (const { client, piece } of clients) client.send(piece);
    if (round % 20 === 0) {
      await new Promise((resolve) => {
        setImmediate(resolve);
      });
    }
  }
  for (const { client, piece, rounds } of clients) {
    const answer = await client.untilClosed();
    const content = answer
      .slice(answer.lastIndexOf('HTTP/1.1 200'))
      .replace(/^.*?\r\n\r\n/s, '')
      .replaceAll(/(^|\r\n)[0-9a-f]+\r\n/g, '');
    expect(content.replaceAll('\r\n', '')).toBe(piece.repeat(rounds));
  }
});

it('keeps what a client asks ahead of time, and half of what it asks, while others speak', async () => {
  const seen: string[] = [];
  let answerFirst: () => void = () => {};
  const answer = async (request: IncomingMessage, response: ServerResponse) => {
    const content = (await contentOf(request)).toString('latin1');
    if (content !== '') seen.push(`${request.url} ${content}`);
    if (request.url === '/1') answerFirst = () => response.end('ok');
    else response.end('ok');
  };
  const port = await startService((request, response) => void answer(request, response));
  const pair = await startPair(port);
  const request = (index: number) =>
    `POST /${index} HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\nbody${index}`;
  const client = new RawClient(pair.port);
  await client.send(BARE).until('ok');
  client.send(request(1) + request(2) + request(3).slice(0, 40));
  await until(() => seen.length === 1);
  const other = `GET /${'x'.repeat(500)} HTTP/1.1\r\nHost: b\r\n\r\n`;
  for (let count = 0; count < 10; count++) await new RawClient(pair.port).send(other).until('ok');
  answerFirst();
  await until(() => seen.length === 2);
  for (let count = 0; count < 10; count++) await new RawClient(pair.port).send(other).until('ok');
  client.send(request(3).slice(40));
  await until(() => seen.length === 3);
  expect(seen).toEqual(['/1 body1', '/2 body2', '/3 body3']);
});
