/** Small requests at a fixed rate while a bulk transfer takes what it can get. */
import { LoadConnection } from '../load/connection.ts';
import { steadily } from '../load/steady.ts';
import { LARGE, SMALL } from '../origin.ts';
import { type Part, running } from '../part.ts';
import { quantile } from '../stats.ts';

const RATE = 200;

export const mixed: Part = {
  name: 'mixed',
  takes: () => true,
  measure: (subject, { origin, quick }) =>
    running(subject, origin.port, async ({ port }) => {
      const connection = await LoadConnection.open(port);
      let bodies = 0;
      let going = true;
      const transfers = (async () => {
        for (; going; bodies++) await connection.get(LARGE.path);
      })();
      const start = performance.now();
      const times = await steadily({ port, path: SMALL.path, rate: RATE, seconds: quick ? 2 : 5 });
      const seconds = (performance.now() - start) / 1000;
      const moved = bodies;
      going = false;
      await transfers;
      connection.close();
      return {
        'beside a transfer: latency p50 (ms)': quantile(times, 0.5),
        'beside a transfer: latency p99 (ms)': quantile(times, 0.99),
        'beside small requests: MB/s': (moved * LARGE.bytes) / 1e6 / seconds,
      };
    }),
};
