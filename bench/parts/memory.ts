/** Memory of idle connections, of requests in flight and of WebSockets, and whether it comes back. */
import { setTimeout as sleep } from 'node:timers/promises';
import { closeAll, type LoadConnection, openMany } from '../load/connection.ts';
import { startHeldOrigin } from '../origin.ts';
import { type Figures, isOurs, isProxy, type Part, running } from '../part.ts';
import { residentMemory } from '../programs.ts';
import type { Running } from '../subject.ts';

const COUNTS = [100, 1000, 10_000];
/** How long the origin holds a request, ms. */
const HELD = 1000;
/** How long after the last answer memory is looked at again, ms. */
const AFTERWARDS = 10_000;

type Load = (connection: LoadConnection) => Promise<void>;

export const memory: Part = {
  name: 'memory',
  takes: isProxy,
  measure: async (subject, { quick }) => {
    const origin = await startHeldOrigin(HELD);
    const counts = quick ? [1000] : COUNTS;
    const all: Record<string, number> = {};
    try {
      for (const count of counts) {
        const measure = (what: string, load: Load | undefined): Promise<Figures> =>
          running(subject, origin.port, (target) => occupy(target, count, what, load, quick));
        Object.assign(all, await measure('idle', undefined));
        Object.assign(all, await measure('active', (connection) => connection.get('/')));
        if (isOurs(subject)) Object.assign(all, await measure('WebSocket', (one) => one.upgrade('/')));
      }
    } finally {
      await origin.stop();
    }
    return all;
  },
};

/**
 * Kilobytes (10³) that each connection costs at each end at the worst, and what is left of it in the end. Requests come a second
 * time: by then the process has compiled what it needs, so that what is left is what each such burst would leave.
 */
async function occupy(
  { port, ends }: Running,
  count: number,
  what: string,
  load: Load | undefined,
  quick: boolean,
): Promise<Figures> {
  if (ends === undefined) return {};
  const resident = (): Pair => [residentMemory(ends.client), residentMemory(ends.server)];
  const before = resident();
  const first = await burst(port, count, load, resident);
  await sleep(quick ? 1000 : AFTERWARDS);
  const after = resident();
  const figures: Record<string, number> = {
    [`client KB each, ${count} ${what}`]: (first.peak[0] - before[0]) / 1000 / count,
    [`server KB each, ${count} ${what}`]: (first.peak[1] - before[1]) / 1000 / count,
    [`client memory afterwards / before, ${count} ${what}`]: after[0] / before[0],
    [`server memory afterwards / before, ${count} ${what}`]: after[1] / before[1],
    [`failed, ${count} ${what}`]: first.failed,
  };
  if (what !== 'active') return figures;
  const second = await burst(port, count, load, resident);
  await sleep(quick ? 1000 : AFTERWARDS);
  const again = resident();
  figures[`client memory afterwards / before, second time, ${count} ${what}`] = again[0] / after[0];
  figures[`server memory afterwards / before, second time, ${count} ${what}`] = again[1] / after[1];
  figures[`failed, second time, ${count} ${what}`] = second.failed;
  return figures;
}

/** Bytes at the client end and at the server end. */
type Pair = [number, number];

/** Connections that all do the same at once, and go half a second after the last was answered. */
async function burst(
  port: number,
  count: number,
  load: Load | undefined,
  resident: () => Pair,
): Promise<{ readonly peak: Pair; readonly failed: number }> {
  const peak = resident();
  const timer = setInterval(() => raise(peak, resident()), 100);
  const connections = await openMany(port, count);
  const answers = await Promise.allSettled(connections.map((connection) => load?.(connection)));
  await sleep(500);
  raise(peak, resident());
  clearInterval(timer);
  closeAll(connections);
  return { peak, failed: answers.filter(({ status }) => status === 'rejected').length };
}

function raise(peak: Pair, now: Readonly<Pair>): void {
  peak[0] = Math.max(peak[0], now[0]);
  peak[1] = Math.max(peak[1], now[1]);
}
