import { describe, expect, it } from 'vitest';
import { Code } from '../h3/codes.ts';
import { noFloodCounts } from '../h3/flood-counters.ts';
import type { FieldLines, RequestStream, RequestStreamEvents } from '../h3/port.ts';
import { Admission, type Arrival, type OnOver } from './admission.ts';
import { CARRIER, MemoryTunnel } from './memory-tunnel.fixture.ts';
import type { RequestOutcome, RequestRecord } from './observer.ts';
import { SILENT, until } from './pair.fixture.ts';

const GET: FieldLines = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'];
const UPGRADE: FieldLines = [':method', 'CONNECT', ':protocol', 'x', ...GET.slice(2)];

/** A request that runs. */
interface Running {
  readonly path: string;
  readonly heard: string[];
  over(): void;
}

/** An admission that runs at most two requests and one upgrade. After `overAtOnce`, each is over when it has begun. */
function start() {
  let atOnce = false;
  const running: Running[] = [];
  const log: string[] = [];
  const run = ({ fields }: Arrival, onOver: OnOver): RequestStreamEvents => {
    const heard: string[] = [];
    running.push({ path: fields.at(-1) ?? '', heard, over: onOver });
    if (atOnce) onOver();
    return {
      ...SILENT,
      onData: (chunk) => heard.push(Buffer.from(chunk).toString()),
      onEnd: () => heard.push('end'),
      onFailed: (failure) => heard.push(`failed ${failure.code}`),
    };
  };
  const note = (_details: object, message: string) => log.push(message);
  const over: [RequestOutcome, number | undefined][] = [];
  const observer = {
    onRequestOver: ({ outcome, status }: RequestRecord) => over.push([outcome, status]),
  };
  const logger = { debug: note, info: note, warn: note, error: note };
  const admission = new Admission({ maxRequests: 2, maxUpgrades: 1 }, run, CARRIER, {
    logger,
    observer,
    floods: noFloodCounts(),
  });
  const tunnel = new MemoryTunnel((stream, fields) => admission.onRequest(stream, fields));
  const overAtOnce = (): void => {
    atOnce = true;
  };
  return { running, log, over, tunnel, overAtOnce };
}

/** Sends a request; gives its stream and what is answered. */
function send(tunnel: MemoryTunnel, fields: FieldLines, path: string) {
  const answer: string[] = [];
  let opened: RequestStream | undefined;
  tunnel.open({
    ...SILENT,
    isUpgrade: fields === UPGRADE,
    onStream: (stream) => {
      opened = stream;
    },
    onUnavailable() {},
    onHeaders: (head) => answer.push(head[1] ?? ''),
    onEnd: () => answer.push('end'),
  });
  if (opened === undefined) throw new Error('no stream');
  opened.sendHeaders([...fields.slice(0, -1), path], false);
  return { stream: opened, answer };
}

describe('a request over the limit', () => {
  it('waits unread for one before it to be over', async () => {
    const { running, tunnel } = start();
    const third = ['/1', '/2', '/3'].map((path) => send(tunnel, GET, path)).at(-1);
    third?.stream.sendData(Buffer.from('content'));
    third?.stream.end();
    await until(() => tunnel.requests.length === 3);
    expect(running.map(({ path }) => path)).toEqual(['/1', '/2']);
    running[0]?.over();
    await until(() => running.length === 3);
    expect(running.map(({ path }) => path)).toEqual(['/1', '/2', '/3']);
    await until(() => running[2]?.heard.length === 2);
    expect(running[2]?.heard).toEqual(['content', 'end']);
  });

  it('does not run when its sender has given it up', async () => {
    const { running, tunnel } = start();
    const sent = ['/1', '/2', '/3', '/4'].map((path) => send(tunnel, GET, path));
    await until(() => tunnel.requests.length === 4);
    sent[2]?.stream.cancel(Code.H3_REQUEST_CANCELLED);
    await until(() => tunnel.live.size === 3);
    await new Promise((resolve) => setImmediate(resolve));
    running[0]?.over();
    await until(() => running.length === 3);
    expect(running.map(({ path }) => path)).toEqual(['/1', '/2', '/4']);
  });

  it('hears of a failure once it runs', async () => {
    const { running, tunnel } = start();
    const sent = ['/1', '/2', '/3'].map((path) => send(tunnel, GET, path));
    await until(() => tunnel.requests.length === 3);
    running[1]?.over();
    await until(() => running.length === 3);
    sent[2]?.stream.cancel(Code.H3_REQUEST_CANCELLED);
    await until(() => running[2]?.heard.length === 1);
    expect(running[2]?.heard).toEqual([`failed ${Code.H3_REQUEST_CANCELLED}`]);
  });

  it('is one of a few that begin in a turn, though thousands are over as soon as they run', async () => {
    const started = start();
    for (let at = 0; at < 2002; at++) send(started.tunnel, GET, '/');
    await until(() => started.tunnel.requests.length === 2002);
    started.overAtOnce();
    started.running[0]?.over();
    for (let before = 2; before < 2002; before = started.running.length) {
      await new Promise((resolve) => setImmediate(resolve));
      expect(started.running.length - before).toBeLessThanOrEqual(16);
    }
  });

  it('never runs when its session is lost together with those before it', async () => {
    const { running, tunnel } = start();
    for (const path of ['/1', '/2', '/3', '/4']) send(tunnel, GET, path);
    await until(() => tunnel.requests.length === 4);
    for (const { over } of running) over();
    tunnel.break();
    await new Promise((resolve) => setImmediate(() => setImmediate(resolve)));
    expect(running.map(({ path }) => path)).toEqual(['/1', '/2']);
  });
});

describe('an upgrade', () => {
  it('takes no place of a request, nor a request one of an upgrade', async () => {
    const { running, tunnel } = start();
    for (const path of ['/1', '/2']) send(tunnel, GET, path);
    send(tunnel, UPGRADE, '/up');
    await until(() => running.length === 3);
    running[0]?.over();
    send(tunnel, GET, '/3');
    await until(() => running.length === 4);
  });

  it('over its limit is answered 503 at once', async () => {
    const { running, log, tunnel } = start();
    send(tunnel, UPGRADE, '/1');
    const { answer } = send(tunnel, UPGRADE, '/2');
    await until(() => answer.length === 2);
    expect(answer).toEqual(['503', 'end']);
    expect(log).toEqual(['too many upgraded connections']);
    running[0]?.over();
    send(tunnel, UPGRADE, '/3');
    await until(() => running.length === 2);
  });
});
