/** Requests a second and processor time per request, at so many connections; answers of 1 KB. */
import { wrk } from '../load/wrk.ts';
import { SMALL } from '../origin.ts';
import { type Figures, type Part, running } from '../part.ts';
import { cpuTime } from '../programs.ts';
import type { Running } from '../subject.ts';

const CONNECTIONS = [1, 8, 64, 256];

export const requests: Part = {
  name: 'requests',
  takes: () => true,
  measure: (subject, { origin, quick }) =>
    running(subject, origin.port, async (target) => {
      // A service runs for weeks: compilers of the ends' languages shall be done with both ways of loading them, and with sessions
      // that are replaced by others, each of which is news to a compiler for the first few times.
      await wrk({ port: target.port, path: SMALL.path, connections: 64, seconds: quick ? 1 : 12 });
      await wrk({ port: target.port, path: SMALL.path, connections: 1, seconds: quick ? 1 : 4 });
      const all: Record<string, number> = {};
      for (const connections of CONNECTIONS) {
        Object.assign(all, await at(target, connections, quick ? 1 : 4));
      }
      return all;
    }),
};

async function at(target: Running, connections: number, seconds: number): Promise<Figures> {
  const before = processorTimes(target);
  const result = await wrk({ port: target.port, path: SMALL.path, connections, seconds });
  const after = processorTimes(target);
  const latency =
    connections === 1 ? { 'latency p50, 1 (ms)': result.p50, 'latency p99, 1 (ms)': result.p99 } : {};
  return {
    [`requests/s, ${connections}`]: result.requests / result.seconds,
    [`failed, ${connections}`]: result.failed,
    ...perRequest(before, after, result.requests, connections),
    ...latency,
  };
}

function processorTimes({ ends }: Running): readonly [number, number] | undefined {
  return ends && [cpuTime(ends.client), cpuTime(ends.server)];
}

function perRequest(
  before: readonly [number, number] | undefined,
  after: readonly [number, number] | undefined,
  count: number,
  connections: number,
): Figures {
  if (before === undefined || after === undefined) return {};
  return {
    [`client CPU µs/request, ${connections}`]: (after[0] - before[0]) / count,
    [`server CPU µs/request, ${connections}`]: (after[1] - before[1]) / count,
  };
}
