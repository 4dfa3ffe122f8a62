/** What observers are told of requests: once for each, at each end. */
import { once } from 'node:events';
import type { RequestListener } from 'node:http';
import { describe, expect, it } from 'vitest';
import {
  type Pair,
  RawClient,
  SILENT,
  startCannedService,
  startFront,
  startPair,
  startService,
  until,
} from './pair.fixture.ts';
import { ASK, joined, start as startUpgradable } from './upgrade.fixture.ts';

const HOST = 'Host: a\r\n';
const GET = `GET /p?q HTTP/1.1\r\n${HOST}\r\n`;

async function start(listener: RequestListener): Promise<Pair> {
  return startPair(await startService(listener));
}

/** Waits until both ends have nothing left, and gives what was told. */
async function settled(pair: Pair, count = 1): Promise<Pair['records']> {
  const { front, origin, tunnel, records } = pair;
  await until(() => records.front.length >= count && records.origin.length >= count);
  await until(() => front.inFlight + origin.inFlight + tunnel.live.size === 0);
  expect([records.front.length, records.origin.length]).toEqual([count, count]);
  return records;
}

describe('a request is told of', () => {
  it('with its figures, at both ends', async () => {
    const pair = await start(async (request, response) => {
      for await (const _chunk of request);
      response.writeHead(201);
      response.write('12345');
      response.end('67');
    });
    const body = 'Transfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n1\r\nd\r\n0\r\n\r\n';
    await new RawClient(pair.port).send(`POST /p?q HTTP/1.1\r\n${HOST}${body}`).until('67');
    const records = await settled(pair);
    for (const record of [...records.front, ...records.origin]) {
      expect(record).toMatchObject({
        ...{ connection: 1, method: 'POST', target: '/p?q', status: 201, outcome: 'complete' },
        ...{ upgraded: false, requestBytes: 4, responseBytes: 7 },
      });
      expect(record.queued).toBeGreaterThanOrEqual(0);
      expect(record.waited).toBeGreaterThan(0);
      expect(record.duration).toBeGreaterThanOrEqual(record.queued + (record.waited ?? 0));
    }
  });

  it.each([
    ['HEAD', 200, 'HEAD'],
    ['204', 204, 'GET'],
    ['304', 304, 'GET'],
  ])('that has no content in its response: %s', async (_name, status, method) => {
    const pair = await start((_request, response) => {
      response.writeHead(status, { ETag: '"x"' });
      response.end();
    });
    await new RawClient(pair.port).send(`${method} / HTTP/1.1\r\n${HOST}\r\n`).until('\r\n\r\n');
    const { front, origin } = await settled(pair);
    const record = { method, status, outcome: 'complete', responseBytes: 0 };
    expect([...front, ...origin]).toMatchObject([record, record]);
  });

  it('each, when they are pipelined, in their order', async () => {
    const pair = await start((request, response) => void response.end(request.url));
    const requests = ['/1', '/22', '/333'].map((path) => `GET ${path} HTTP/1.1\r\n${HOST}\r\n`);
    await new RawClient(pair.port).send(requests.join('')).until('/333');
    const { front, origin } = await settled(pair, 3);
    expect(front.map(({ target, responseBytes }) => [target, responseBytes])).toEqual([
      ['/1', 2],
      ['/22', 3],
      ['/333', 4],
    ]);
    expect(origin.map(({ target }) => target)).toEqual(['/1', '/22', '/333']);
    expect(new Set(front.map(({ id }) => id)).size).toBe(3);
  });

  it('that is answered early as complete, with what was sent of it', async () => {
    const pair = await start((request, response) => {
      request.once('data', () => response.end('enough'));
    });
    const client = new RawClient(pair.port);
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\n12345`);
    await client.until('enough');
    client.socket.destroy();
    const { front, origin } = await settled(pair);
    const record = { status: 200, outcome: 'complete', requestBytes: 5, responseBytes: 6 };
    expect([...front, ...origin]).toMatchObject([record, record]);
  });
});

describe('a client that goes', () => {
  it('while it waits for a stream has aborted, and has only waited', async () => {
    const { front, tunnel, port, records } = await startFront(() => SILENT);
    const asked = new Promise<void>((resolve) => {
      tunnel.open = () => resolve();
    });
    const client = new RawClient(port).send(GET);
    await asked;
    client.socket.destroy();
    await until(() => front.inFlight === 0);
    expect(records).toMatchObject([{ status: undefined, outcome: 'aborted', waited: undefined }]);
    expect(records[0]?.queued).toBe(records[0]?.duration);
  });

  it('in the middle of its content has aborted', async () => {
    const pair = await start((request) => void request.resume());
    const client = new RawClient(pair.port);
    client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\n12345`);
    await until(() => pair.origin.inFlight === 1);
    client.socket.destroy();
    const { front, origin } = await settled(pair);
    expect(front).toMatchObject([{ status: undefined, outcome: 'aborted', requestBytes: 5 }]);
    expect(origin).toMatchObject([{ status: undefined, outcome: 'aborted' }]);
  });

  it('before the answer has aborted', async () => {
    const pair = await start(() => {});
    const client = new RawClient(pair.port).send(GET);
    await until(() => pair.origin.inFlight === 1);
    client.socket.destroy();
    const { front, origin } = await settled(pair);
    const record = { status: undefined, outcome: 'aborted', waited: undefined };
    expect([...front, ...origin]).toMatchObject([record, record]);
  });

  it('in the middle of the answer has aborted', async () => {
    const pair = await start((_request, response) => void response.write('begun'));
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    client.socket.destroy();
    const { front, origin } = await settled(pair);
    const record = { status: 200, outcome: 'aborted', responseBytes: 5 };
    expect([...front, ...origin]).toMatchObject([record, record]);
  });

  it('with requests behind the first has aborted that: nobody has read the others', async () => {
    const pair = await start(() => {});
    const client = new RawClient(pair.port).send(GET + GET + GET);
    await until(() => pair.front.inFlight === 1 && pair.origin.inFlight === 1);
    client.socket.destroy();
    await until(() => pair.front.inFlight + pair.origin.inFlight === 0);
    expect(pair.records.front.map(({ outcome }) => outcome)).toEqual(['aborted']);
    expect(pair.records.origin).toHaveLength(1);
  });
});

describe('an answer', () => {
  it('that is cut by the origin has failed', async () => {
    const pair = await startPair(await startCannedService('HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nabc'));
    await new RawClient(pair.port).send(GET).untilClosed();
    const { front, origin } = await settled(pair);
    const record = { status: 200, outcome: 'failed', responseBytes: 3 };
    expect([...front, ...origin]).toMatchObject([record, record]);
  });

  it('that is cut by the end of the tunnel has failed at the client end, and was given up at the server end', async () => {
    const pair = await start((_request, response) => void response.write('begun'));
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    pair.tunnel.break();
    await client.untilClosed();
    const { front, origin } = await settled(pair);
    expect(front).toMatchObject([{ status: 200, outcome: 'failed', responseBytes: 5 }]);
    expect(origin).toMatchObject([{ status: 200, outcome: 'aborted', responseBytes: 5 }]);
  });

  it('of ours has failed, and its content counts: 503 without tunnel', async () => {
    const { port, tunnel, records } = await startFront(() => SILENT);
    tunnel.unavailable = 'no tunnel';
    await new RawClient(port).send(GET).until('no tunnel');
    await until(() => records.length === 1);
    expect(records).toMatchObject([{ status: 503, outcome: 'failed', responseBytes: 9, waited: undefined }]);
  });

  it('of ours to HEAD has no content', async () => {
    const { port, tunnel, records } = await startFront(() => SILENT);
    tunnel.unavailable = 'no tunnel';
    await new RawClient(port).send(`HEAD / HTTP/1.1\r\n${HOST}\r\n`).until('\r\n\r\n');
    await until(() => records.length === 1);
    expect(records).toMatchObject([{ method: 'HEAD', status: 503, outcome: 'failed', responseBytes: 0 }]);
  });

  it('of ours stays failed when the client goes while it still sends', async () => {
    const { port, tunnel, records } = await startFront(() => SILENT);
    tunnel.unavailable = 'no tunnel';
    const client = new RawClient(port).send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 100\r\n\r\n12345`);
    await client.until('no tunnel');
    client.socket.destroy();
    await until(() => records.length === 1);
    expect(records).toMatchObject([{ status: 503, outcome: 'failed' }]);
  });

  it('that does not come in time is 504 at the end whose patience is shorter', async () => {
    const pair = await startPair(await startService(() => {}), { requestTimeout: 50 });
    await new RawClient(pair.port).send(GET).until('no answer');
    const { front, origin } = await settled(pair);
    expect(front).toMatchObject([{ status: 504, outcome: 'failed' }]);
    expect(origin).toMatchObject([{ status: undefined, outcome: 'aborted' }]);
  });

  it('that is too late for content that stops is 408', async () => {
    const pair = await startPair(await startService(() => {}), { streamIdleTimeout: 50 });
    const client = new RawClient(pair.port);
    await client.send(`POST / HTTP/1.1\r\n${HOST}Content-Length: 9\r\n\r\nabc`).untilClosed();
    const { front } = await settled(pair);
    expect(front).toMatchObject([{ status: 408, outcome: 'failed', requestBytes: 3 }]);
  });
});

describe('what is no request', () => {
  it.each([
    ['a head that cannot be read', 'GET / HTTP/1.1\r\nA : b\r\n\r\n', 400],
    ['a head that is too large', `GET / HTTP/1.1\r\nA: ${'x'.repeat(70_000)}\r\n\r\n`, 431],
    ['a target that is too long', `GET /${'x'.repeat(70_000)} HTTP/1.1\r\n\r\n`, 414],
  ])('is told of without method and target: %s', async (_name, bytes, status) => {
    const { port, records } = await startFront(() => SILENT);
    await new RawClient(port).send(bytes).untilClosed();
    expect(records).toMatchObject([{ method: '', target: '', status, outcome: 'failed' }]);
  });

  it('CONNECT is told of', async () => {
    const { port, records } = await startFront(() => SILENT);
    await new RawClient(port).send('CONNECT b:1 HTTP/1.1\r\nHost: b:1\r\n\r\n').untilClosed();
    expect(records).toMatchObject([{ method: 'CONNECT', target: 'b:1', status: 405, outcome: 'failed' }]);
  });
});

describe('an upgraded connection', () => {
  it('is told of when it is over, with the bytes of both directions', async () => {
    const { pair, client, far } = await joined();
    expect(pair.records).toEqual({ front: [], origin: [] });
    client.end('12345');
    await once(far, 'end');
    far.end('678');
    client.resume();
    await once(client, 'close');
    const { front, origin } = await settled(pair);
    for (const record of [...front, ...origin]) {
      expect(record).toMatchObject({
        ...{ method: 'GET', target: '/chat?x', status: 101, outcome: 'complete', upgraded: true },
        ...{ requestBytes: 5, responseBytes: 3 },
      });
    }
  });

  it('that the application resets was aborted', async () => {
    const { pair, client } = await joined();
    client.resetAndDestroy();
    const { front, origin } = await settled(pair);
    expect([...front, ...origin].map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
  });

  it('that the origin resets has failed', async () => {
    const { pair, far, client } = await joined();
    client.resume();
    far.resetAndDestroy();
    const { front, origin } = await settled(pair);
    expect([...front, ...origin].map(({ outcome }) => outcome)).toEqual(['failed', 'failed']);
  });

  it('that was refused is a request like others', async () => {
    const { pair, received, sockets } = await startUpgradable();
    const client = new RawClient(pair.port).send(ASK);
    await until(() => received().endsWith('\r\n\r\n'));
    sockets[0]?.end('HTTP/1.1 403 Forbidden\r\nContent-Length: 2\r\n\r\nno');
    await client.untilClosed();
    const { front, origin } = await settled(pair);
    const record = { status: 403, outcome: 'complete', upgraded: false, responseBytes: 2 };
    expect([...front, ...origin]).toMatchObject([record, record]);
  });

  it('whose application goes before the answer was aborted', async () => {
    const { pair, received } = await startUpgradable();
    const client = new RawClient(pair.port).send(ASK);
    await until(() => received().endsWith('\r\n\r\n'));
    client.socket.destroy();
    const { front, origin } = await settled(pair);
    expect([...front, ...origin].map(({ outcome }) => outcome)).toEqual(['aborted', 'aborted']);
  });
});

describe('an end that breaks everything off', () => {
  it('has failed what was in flight', async () => {
    const pair = await start((_request, response) => void response.write('begun'));
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    pair.front.destroy();
    await until(() => pair.records.front.length === 1);
    expect(pair.records.front).toMatchObject([{ status: 200, outcome: 'failed' }]);
  });
});
