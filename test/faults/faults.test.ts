import type { RequestListener } from 'node:http';
import { setTimeout as pause } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { startOrigin } from '../support/origin.ts';
import { patternBytes } from '../support/pattern.ts';
import { type Asked, asked, Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { FaultyOrigin } from './origin.ts';
import { complaints, recovery } from './scenario.ts';

const whole = ({ id, download }: Asked): Buffer => patternBytes(download, 2 * id + 1);

/** Requests to a front that answers like this, until twenty are over or hang. */
async function loaded(answer: (request: Asked, ledger: Ledger) => { id?: number; body: Buffer } | undefined) {
  const ledger = new Ledger();
  const listener: RequestListener = (request, response) => {
    const subject = asked(Number(request.headers['x-fault-id']));
    const made = answer(subject, ledger);
    request.resume();
    if (made === undefined) return;
    response.writeHead(200, { 'X-Fault-Id': String(made.id ?? subject.id) });
    response.end(made.body);
  };
  const front = await startOrigin(listener);
  const load = new Load(front.port, 200, ledger);
  while (ledger.sent < 20) await pause(5);
  await load.stop(1000);
  await front.stop();
  return ledger;
}

it('finds nothing wrong with answers that are right, nor with an origin that is', async () => {
  const ledger = await loaded((request) => ({ body: whole(request) }));
  expect(ledger.breaches).toEqual({ hung: 0, truncated: 0, mixedUp: 0, duplicated: 0 });
  expect(ledger.succeeded).toBe(ledger.sent);
  const own = new Ledger();
  const origin = await FaultyOrigin.start(own);
  const load = new Load(origin.port, 200, own);
  while (own.sent < 20) await pause(5);
  await load.stop(10_000);
  await origin.crash();
  expect(own.breaches).toEqual({ hung: 0, truncated: 0, mixedUp: 0, duplicated: 0 });
  expect(own.succeeded).toBe(own.sent);
});

it.each([
  [
    'an answer that is cut and complete',
    'truncated',
    (request: Asked) => ({ body: whole(request).subarray(1) }),
  ],
  [
    "another's content",
    'mixedUp',
    (request: Asked) => ({ body: patternBytes(request.download, 2 * request.id) }),
  ],
  [
    "another's answer",
    'mixedUp',
    (request: Asked) => ({ ...request, id: request.id + 1, body: whole(request) }),
  ],
  ['no answer', 'hung', () => undefined],
] as const)('finds %s', async (_name, breach, answer) => {
  const ledger = await loaded(answer);
  expect(ledger.breaches[breach]).toBe(ledger.sent);
});

it('finds a request at the origin twice if it is not idempotent, and one that is cut or changed there', () => {
  const ledger = new Ledger();
  for (const id of [0, 1]) for (let times = 0; times < 3; times++) ledger.arrived(asked(id));
  expect(ledger.breaches.duplicated).toBe(1);
  ledger.completed(asked(1), asked(1).upload - 1, '');
  ledger.completed(asked(3), asked(3).upload, 'another hash');
  expect(ledger.breaches).toMatchObject({ truncated: 1, mixedUp: 1 });
});

it('takes for recovery the time until a request succeeded that began behind the last one that failed', () => {
  const ledger = {
    failures: [500, 2000],
    successes: [1500, 2500, 3000].map((start) => ({ start, end: start + 100 })),
  };
  expect(recovery(ledger, 1000)).toBe(1.6);
  expect(recovery({ ...ledger, failures: [] }, 1000)).toBe(0.6);
  expect(recovery({ failures: [4000], successes: [] }, 1000)).toBe(Number.POSITIVE_INFINITY);
  const row = { fault: '', sent: 1, succeeded: 1, failed: new Map(), breaches: new Ledger().breaches };
  expect(complaints({ ...row, recovery: 4.9 })).toEqual([]);
  expect(complaints({ ...row, recovery: Number.POSITIVE_INFINITY })).toHaveLength(1);
});
