import { describe, expect, it } from 'vitest';
import { Code } from '../h3/codes.ts';
import type { FieldLines, RequestStream } from '../h3/port.ts';
import {
  type Pair,
  RawClient,
  SILENT,
  startFront,
  startPair,
  startRawService,
  startService,
  until,
  valuesOf,
} from './pair.fixture.ts';

/** A pair, and the ids that its origin was told. */
async function start(): Promise<{ pair: Pair; told: string[][] }> {
  const told: string[][] = [];
  const port = await startService((request, response) => {
    told.push(valuesOf(request.rawHeaders, 'x-request-id'));
    response.end('ok');
  });
  return { pair: await startPair(port), told };
}

const get = (...lines: string[]) => `GET / HTTP/1.1\r\n${['Host: a', ...lines].join('\r\n')}\r\n\r\n`;

/** Waits until both ends have told of a request, and gives the ids that they have for it. */
async function idsOf({ records }: Pair): Promise<string[]> {
  await until(() => records.front.length > 0 && records.origin.length > 0);
  return [...records.front, ...records.origin].map(({ id }) => id);
}

describe("a request's id", () => {
  it('is the same at both ends and at the origin, and no field between the ends', async () => {
    const { pair, told } = await start();
    const client = new RawClient(pair.port).send(get());
    await client.until('ok');
    client.send(get());
    await until(() => told.length === 2);
    expect(told).toEqual([['memory00-0'], ['memory00-1']]);
    await until(() => pair.records.front.length === 2 && pair.records.origin.length === 2);
    expect(pair.records.front.map(({ id }) => id)).toEqual(['memory00-0', 'memory00-1']);
    expect(pair.records.origin.map(({ id }) => id)).toEqual(['memory00-0', 'memory00-1']);
    for (const fields of pair.tunnel.requests) expect(fields).not.toContain('x-request-id');
  });

  it('counts streams in base 36', async () => {
    const { pair, told } = await start();
    const client = new RawClient(pair.port);
    for (let nth = 0; nth <= 36; nth++) {
      client.send(get());
      await until(() => told.length === nth + 1);
    }
    expect(told.slice(35)).toEqual([['memory00-z'], ['memory00-10']]);
  });

  it.each([
    ['a word', 'abc'],
    ['a UUID', '7c9e6679-7425-40de-944b-e07fc1f90ae7'],
    ['every kind of token character', "!#$%&'*+-.^_`|~09AZaz"],
    ['128 characters', 'x'.repeat(128)],
  ])('that the application gave is kept: %s', async (_name, id) => {
    const { pair, told } = await start();
    await new RawClient(pair.port).send(get(`X-Request-ID: ${id}`)).until('ok');
    expect(told).toEqual([[id]]);
    expect(await idsOf(pair)).toEqual([id, id]);
  });

  it.each([
    ['empty', 'X-Request-Id:'],
    ['too long', `X-Request-Id: ${'x'.repeat(129)}`],
    ['with a space', 'X-Request-Id: a b'],
    ['with a quote', 'X-Request-Id: a"b'],
    ['with a byte over 0x7f', 'X-Request-Id: \xe9'],
    ['meant for one hop', 'X-Request-Id: abc\r\nConnection: x-request-id'],
  ])('that is %s gives way to ours', async (_name, line) => {
    const { pair, told } = await start();
    await new RawClient(pair.port).send(get(line)).until('ok');
    expect(told).toEqual([['memory00-0']]);
    expect(await idsOf(pair)).toEqual(['memory00-0', 'memory00-0']);
    expect(pair.tunnel.requests[0]).not.toContain('x-request-id');
  });

  it('given more than once is the first well-formed one', async () => {
    const { pair, told } = await start();
    const lines = ['X-Request-Id: a b', 'X-Request-Id: first', 'X-Request-Id: second'];
    await new RawClient(pair.port).send(get(...lines)).until('ok');
    expect(told).toEqual([['first']]);
    expect(await idsOf(pair)).toEqual(['first', 'first']);
  });

  it.each<[string, FieldLines, string]>([
    ['a malformed one', ['x-request-id', 'a b'], 'memory00-0'],
    ['two', ['x-request-id', 'one', 'x-request-id', 'two'], 'one'],
    ['none', [], 'memory00-0'],
  ])('of a foreign HTTP/3 client that gives %s is well-formed at the origin', async (_name, more, id) => {
    const { pair, told } = await start();
    const fields = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/', ...more];
    const onStream = (stream: RequestStream) => stream.sendHeaders(fields, true);
    pair.tunnel.open({ ...SILENT, isUpgrade: false, onStream, onUnavailable() {} });
    await until(() => told.length === 1);
    expect(told).toEqual([[id]]);
  });

  it('in a response of the origin is passed on as it is', async () => {
    const port = await startService((_request, response) => {
      response.setHeader('X-Request-Id', ['not ours', 'twice']);
      response.end('ok');
    });
    const answer = await new RawClient((await startPair(port)).port).send(get()).until('ok');
    expect(answer).toContain('\r\nX-Request-Id: not ours\r\nX-Request-Id: twice\r\n');
  });

  it('is told in a response of ours, also when the application gave it', async () => {
    const { port, tunnel, log } = await startFront(() => SILENT);
    tunnel.unavailable = 'no tunnel';
    const answer = await new RawClient(port).send(get('X-Request-Id: given')).until('no tunnel');
    expect(answer).toContain('\r\nX-Request-Id: given\r\n');
    expect(log[0]?.details).toMatchObject({ request: 'given', status: 503 });
  });

  it('is told in a refusal of a request that was not understood', async () => {
    const { port, log, records } = await startFront(() => SILENT);
    const answer = await new RawClient(port)
      .send('GET / HTTP/1.1\r\nHost: a\r\nHost: b\r\nX-Request-Id: given\r\n\r\n')
      .untilClosed();
    expect(answer).toMatch(/^HTTP\/1\.1 400 [\s\S]*\r\nX-Request-Id: given\r\n/);
    expect(log[0]?.details).toMatchObject({ request: 'given' });
    expect(records).toMatchObject([{ id: 'given', status: 400 }]);
  });

  it('without a stream is of this process alone, and new for each', async () => {
    const { port, tunnel, records } = await startFront(() => SILENT);
    tunnel.unavailable = 'no tunnel';
    const client = new RawClient(port).send(get());
    await until(() => records.length === 1);
    client.send(get());
    await until(() => records.length === 2);
    const ids = records.map(({ id }) => id);
    expect(new Set(ids).size).toBe(2);
    for (const id of ids) expect(id).toMatch(/^[0-9a-f]{8}-[0-9a-z]+$/);
  });

  it('of a request that is sent again is that of the stream which carried it', async () => {
    const { pair, told } = await start();
    const failure = { source: 'remote', scope: 'stream', reason: 'rejected', untouched: true } as const;
    pair.tunnel.failures.push({ ...failure, code: Code.H3_REQUEST_REJECTED });
    await new RawClient(pair.port).send(get()).until('ok');
    expect(told).toEqual([['memory00-1']]);
    expect(await idsOf(pair)).toEqual(['memory00-1', 'memory00-1']);
  });

  it('of an upgrade is told to the origin, too', async () => {
    let told = '';
    const port = await startRawService((socket) => {
      socket.once('data', (head) => {
        told += head.toString('latin1');
        socket.destroy();
      });
    });
    const pair = await startPair(port);
    const upgrade = ['Connection: Upgrade', 'Upgrade: echo/1'];
    await new RawClient(pair.port).send(get(...upgrade)).untilClosed();
    await new RawClient(pair.port).send(get(...upgrade, 'X-Request-Id: given')).untilClosed();
    expect(told.match(/X-Request-Id: .*/g)).toEqual(['X-Request-Id: memory00-0', 'X-Request-Id: given']);
  });
});
