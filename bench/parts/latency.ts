/** How long requests take at a fixed rate: an open loop. (At one connection, in a closed one: `requests`.) */
import { steadily } from '../load/steady.ts';
import { wrk } from '../load/wrk.ts';
import { SMALL } from '../origin.ts';
import { type Part, running } from '../part.ts';
import { quantile } from '../stats.ts';

const RATE = 1000;

export const latency: Part = {
  name: 'latency',
  takes: () => true,
  measure: (subject, { origin, quick }) =>
    running(subject, origin.port, async ({ port }) => {
      await wrk({ port, path: SMALL.path, connections: 8, seconds: quick ? 1 : 2 });
      const times = await steadily({ port, path: SMALL.path, rate: RATE, seconds: quick ? 2 : 5 });
      return {
        [`latency p50, ${RATE}/s (ms)`]: quantile(times, 0.5),
        [`latency p99, ${RATE}/s (ms)`]: quantile(times, 0.99),
      };
    }),
};
