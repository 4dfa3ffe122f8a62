/** Whether a request costs the same after many: the last tenth of them against the second. */
import { wrk } from '../load/wrk.ts';
import { SMALL } from '../origin.ts';
import { isOurs, type Part, running } from '../part.ts';
import { cpuTime } from '../programs.ts';

const CONNECTIONS = 64;

export const aging: Part = {
  name: 'aging',
  takes: isOurs,
  measure: (subject, { origin, quick }) =>
    running(subject, origin.port, async ({ port, ends }) => {
      if (ends === undefined) return {};
      const tenth = quick ? 5000 : 100_000;
      const costs: number[] = [];
      for (let n = 0; n < 10; n++) {
        const before = cpuTime(ends.client) + cpuTime(ends.server);
        const count = await atLeast(port, tenth);
        costs.push((cpuTime(ends.client) + cpuTime(ends.server) - before) / count);
      }
      return {
        'CPU µs/request of both ends, second tenth': costs[1] ?? Number.NaN,
        'CPU µs/request, last tenth / second': (costs[9] ?? Number.NaN) / (costs[1] ?? Number.NaN),
      };
    }),
};

/** Makes `count` requests or some more; how many. */
async function atLeast(port: number, count: number): Promise<number> {
  let made = 0;
  while (made < count) {
    made += (await wrk({ port, path: SMALL.path, connections: CONNECTIONS, seconds: 1 })).requests;
  }
  return made;
}
