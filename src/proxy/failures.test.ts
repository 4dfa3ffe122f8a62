import { once } from 'node:events';
import { createServer } from 'node:net';
import { describe, expect, it } from 'vitest';
import { Code } from '../h3/codes.ts';
import type { FieldLines, StreamFailure } from '../h3/port.ts';
import {
  RawClient,
  SILENT,
  startFront,
  startNotingService,
  startPair,
  startRawService,
  startService,
  until,
} from './pair.fixture.ts';

const GET = 'GET /p?secret HTTP/1.1\r\nHost: a\r\n\r\n';
const POST = 'POST / HTTP/1.1\r\nHost: a\r\nContent-Length: 5\r\n\r\n';

/** Most content that is kept for sending a request again. */
const KEPT = 65_536;

describe('a synthetic response', () => {
  it('says that there is no tunnel, and keeps the connection', async () => {
    const { port, tunnel, log } = await startFront(() => SILENT);
    tunnel.unavailable = 'tunnel not established';
    const client = new RawClient(port).send(GET);
    const answer = await client.until('established');
    expect(answer).toMatch(/^HTTP\/1\.1 503 Service Unavailable\r\nServer: ptproxy client\r\n/);
    expect(answer).toContain('\r\nContent-Type: text/plain;charset=UTF-8\r\n');
    expect(answer).toContain('\r\nContent-Length: 22\r\n');
    expect(answer).toMatch(/\r\n\r\ntunnel not established$/);
    const id = /\r\nX-Request-Id: (.*)\r\n/.exec(answer)?.[1];
    const details = { request: id, status: 503, method: 'GET', path: '/p' };
    expect(log).toEqual([{ level: 'warn', details, message: 'tunnel not established' }]);
    client.send(GET);
    await until(() => client.received.match(/ 503 /g)?.length === 2);
  });

  it('keeps users and queries out of the log', async () => {
    const { port, tunnel, log } = await startFront(() => SILENT);
    tunnel.unavailable = 'no';
    await new RawClient(port).send('GET http://b/p?token HTTP/1.1\r\nHost: a\r\n\r\n').until('\r\n\r\n');
    await new RawClient(port).send('GET http://u:pass@b/p HTTP/1.1\r\nHost: a\r\n\r\n').untilClosed();
    expect(log.map(({ details }) => details.path)).toEqual(['http://b/p', 'http://b/p']);
  });

  it('to HEAD has no content', async () => {
    const { port, tunnel } = await startFront(() => SILENT);
    tunnel.unavailable = 'no';
    const client = new RawClient(port).send('HEAD / HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n');
    expect(await client.untilClosed()).toMatch(/Content-Length: 2\r\n[\s\S]*\r\n\r\n$/);
  });

  it('says that the origin is down', async () => {
    const pair = await startPair(await closedPort());
    const answer = await new RawClient(pair.port).send(GET).until('connections');
    expect(answer).toMatch(/^HTTP\/1\.1 502 Bad Gateway\r\nServer: ptproxy server\r\n/);
    expect(answer).toMatch(/the origin refuses connections$/);
  });

  it('says that the connection broke before the response', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    const client = new RawClient(pair.port).send(POST);
    await until(() => pair.tunnel.requests.length === 1);
    pair.tunnel.break();
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(service.seen).toEqual([]);
  });

  it('does not come into the middle of a response', async () => {
    const port = await startService((_request, response) => {
      response.write('begun');
    });
    const pair = await startPair(port);
    const client = new RawClient(pair.port).send(GET);
    await client.until('begun');
    pair.tunnel.break();
    expect((await client.untilClosed()).match(/HTTP\/1\.1/g)).toHaveLength(1);
    expect(client.received).toMatch(/begun\r\n$/);
  });
});

describe('a request is sent again', () => {
  const untouched: StreamFailure = {
    source: 'remote',
    scope: 'stream',
    code: Code.H3_REQUEST_REJECTED,
    reason: 'rejected',
    untouched: true,
  };
  const fateUnknown: StreamFailure = { ...untouched, code: Code.H3_INTERNAL_ERROR, untouched: false };

  it('when the far end never touched it', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    pair.tunnel.failures.push(untouched, untouched);
    await new RawClient(pair.port).send(GET).until('ok');
    expect(pair.tunnel.opened).toBe(3);
    expect(service.seen).toHaveLength(1);
  });

  it('with its content, when none of it was taken yet', async () => {
    const service = await startNotingService();
    const pair = await startPair(service.port);
    pair.tunnel.failures.push(untouched);
    const client = new RawClient(pair.port).send(POST);
    await until(() => pair.tunnel.opened === 2);
    await client.send('hello').until('ok');
    expect(service.seen[0]?.body).toBe('hello');
  });

  it('three times at most', async () => {
    const pair = await startPair((await startNotingService()).port);
    pair.tunnel.failures.push(untouched, untouched, untouched, untouched);
    expect(await new RawClient(pair.port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(pair.tunnel.opened).toBe(4);
  });

  it('never when its fate is unknown', async () => {
    const pair = await startPair((await startNotingService()).port);
    pair.tunnel.failures.push(fateUnknown);
    const answer = await new RawClient(pair.port).send(`${POST}hello`).until('\r\n\r\n');
    expect(answer).toMatch(/^HTTP\/1\.1 502 /);
    expect(pair.tunnel.opened).toBe(1);
  });

  it('with content of which some was sent already, and some comes while it waits', async () => {
    const bodies: string[] = [];
    const { port, tunnel } = await startFront((stream, fields) => {
      if (tunnel.opened === 1) return { ...SILENT, onData: () => stream.cancel(Code.H3_REQUEST_REJECTED) };
      expect(fields).toContain('content-length');
      let body = '';
      const onEnd = () => {
        bodies.push(body);
        stream.sendHeaders([':status', '204'], true);
      };
      return {
        ...SILENT,
        onEnd,
        onData: (chunk) => {
          body += Buffer.from(chunk).toString();
        },
      };
    });
    const client = new RawClient(port).send(`${POST}hel`);
    await until(() => tunnel.opened === 2);
    expect(await client.send('lo').until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 204 /);
    expect(bodies).toEqual(['hello']);
  });

  it('never once more of its content was sent than is kept', async () => {
    let received = 0;
    const { port, tunnel } = await startFront((stream) => ({
      ...SILENT,
      onData: (chunk) => {
        received += chunk.length;
        if (received > KEPT) stream.cancel(Code.H3_REQUEST_REJECTED);
      },
    }));
    const head = POST.replace('Content-Length: 5', `Content-Length: ${2 * KEPT}`);
    const client = new RawClient(port).send(`${head}${'x'.repeat(KEPT + 1)}`);
    expect(await client.until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(tunnel.opened).toBe(1);
  });

  it('never once its content is not wanted', async () => {
    const { port, tunnel } = await startFront((stream) => {
      stream.stopReceiving(Code.H3_NO_ERROR);
      setImmediate(() => setImmediate(() => stream.resetSending(Code.H3_REQUEST_REJECTED)));
      return SILENT;
    });
    expect(await new RawClient(port).send(`${POST}hel`).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(tunnel.opened).toBe(1);
  });

  it('never to an origin that took it and hung up', async () => {
    let requests = 0;
    const port = await startRawService((socket) => {
      socket.on('data', () => {
        requests++;
        if (requests === 1) socket.write('HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok');
        else socket.destroy();
      });
    });
    const pair = await startPair(port);
    await new RawClient(pair.port).send(GET).until('ok');
    expect(await new RawClient(pair.port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(requests).toBe(2);
  });
});

describe('a fault of ours', () => {
  it('ends one request alone', async () => {
    let requests = 0;
    const { port, log } = await startFront((stream) => {
      if (++requests === 1) stream.sendHeaders([':status', '200', 'bad name', 'x'], true);
      else stream.sendHeaders([':status', '204'], true);
      return SILENT;
    });
    expect(await new RawClient(port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 502 /);
    expect(log.map(({ level }) => level)).toEqual(['error', 'warn']);
    expect(await new RawClient(port).send(GET).until('\r\n\r\n')).toMatch(/^HTTP\/1\.1 204 /);
  });

  it('ends one request alone, at the origin', async () => {
    const pair = await startPair((await startNotingService()).port);
    const answers: FieldLines[] = [];
    pair.tunnel.open({
      ...SILENT,
      isUpgrade: false,
      onUnavailable() {},
      // What HTTP/3 would never let through.
      onStream: (stream) =>
        stream.sendHeaders([':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/ö ü'], true),
      onHeaders: (fields) => answers.push(fields),
    });
    await until(() => answers.length === 1);
    expect(answers[0]?.slice(0, 2)).toEqual([':status', '502']);
    expect(pair.log.map(({ level, message }) => [level, message])).toContainEqual([
      'error',
      'a request failed unexpectedly',
    ]);
    await new RawClient(pair.port).send(GET).until('ok');
  });
});

async function closedPort(): Promise<number> {
  const server = createServer().listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  server.close();
  await once(server, 'close');
  return typeof address === 'object' && address !== null ? address.port : 0;
}
