import { describe, expect, it } from 'vitest';
import { Code } from '../h3/codes.ts';
import { noFloodCounts } from '../h3/flood-counters.ts';
import type { FieldLines, RequestStream, RequestStreamEvents } from '../h3/port.ts';
import { Admission, type Arrival, type OnOver } from './admission.ts';
import { CancelledRequests } from './cancelled-requests.ts';
import { CARRIER, MemoryTunnel } from './memory-tunnel.fixture.ts';
import type { RequestOutcome, RequestRecord } from './observer.ts';
import { SILENT, until } from './pair.fixture.ts';

const GET: FieldLines = [':method', 'GET', ':scheme', 'http', ':authority', 'a', ':path', '/'];
const UPGRADE: FieldLines = [':method', 'CONNECT', ':protocol', 'x', ...GET.slice(2)];

/** A request that runs. */
interface Running {
  readonly path: string;
  readonly heard: string[];
  over(cancelled?: boolean): void;
}

/** An admission that runs at most two requests and one upgrade. After `overAtOnce`, each is over when it has begun. */
function start() {
  let atOnce = false;
  let now = 0;
  const floods = noFloodCounts();
  const running: Running[] = [];
  const log: string[] = [];
  const run = ({ fields }: Arrival, onOver: OnOver): RequestStreamEvents => {
    const heard: string[] = [];
    running.push({ path: fields.at(-1) ?? '', heard, over: (cancelled = false) => onOver(cancelled) });
    if (atOnce) onOver(false);
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
  const cancelled = new CancelledRequests(() => now, 2);
  const admission = new Admission(
    { maxRequests: 2, maxUpgrades: 1 },
    run,
    CARRIER,
    { logger, observer, floods },
    cancelled,
  );
  const tunnel = new MemoryTunnel((stream, fields) => admission.onRequest(stream, fields));
  const overAtOnce = (): void => {
    atOnce = true;
  };
  const pass = (time: number): void => {
    now += time;
  };
  return { running, log, over, tunnel, overAtOnce, pass, floods, cancelled };
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

describe('the place of a request that was cancelled', () => {
  const cancelAll = ({ running }: ReturnType<typeof start>, from: number, count: number): void => {
    for (let at = from; at < from + count; at++) running[at]?.over(true);
  };

  it('is free at once a thousand times, then 200 times a second', async () => {
    const started = start();
    const { running, tunnel, floods, pass } = started;
    for (let at = 0; at < 1300; at++) send(tunnel, GET, `/${at}`);
    await until(() => tunnel.requests.length === 1300);
    let cancelled = 0;
    for (; cancelled < 1002; cancelled += 2) {
      await until(() => running.length >= cancelled + 2);
      cancelAll(started, cancelled, 2);
    }
    expect(running).toHaveLength(1002);
    expect(floods.placesKept).toBe(2);
    pass(10);
    await until(() => running.length === 1004);
    cancelAll(started, 1002, 2);
    pass(5);
    await until(() => running.length === 1005);
    expect(floods.placesKept).toBeGreaterThan(2);
  });

  it('is free at once as often as it likes when requests are answered', async () => {
    const { running, tunnel, floods } = start();
    for (let at = 0; at < 1300; at++) send(tunnel, GET, `/${at}`);
    await until(() => tunnel.requests.length === 1300);
    for (let at = 0; at < 1300; at++) {
      await until(() => running.length > at);
      running[at]?.over(false);
    }
    expect(running).toHaveLength(1300);
    expect(floods.placesKept).toBe(0);
  });

  it('is kept, too, when they were cancelled in another session of the same client', async () => {
    const { running, tunnel, cancelled, pass } = start();
    for (let at = 0; at < 5000; at++) cancelled.add();
    send(tunnel, GET, '/1');
    await until(() => tunnel.requests.length === 1);
    await new Promise((resolve) => setTimeout(resolve, 20));
    expect(running).toHaveLength(0);
    // No more places are kept than there are.
    pass(5);
    await until(() => running.length === 1);
  });

  it('is kept for upgrades, too', async () => {
    const { running, tunnel } = start();
    for (let at = 0; at < 1001; at++) {
      send(tunnel, UPGRADE, `/${at}`);
      await until(() => running.length === at + 1);
      running[at]?.over(true);
    }
    const { answer } = send(tunnel, UPGRADE, '/more');
    await until(() => answer.length === 2);
    expect(answer[0]).toBe('503');
  });
});
