/** Throughput of so many bodies of 10 MB at once, down and up. */
import { closeAll, type LoadConnection, openMany } from '../load/connection.ts';
import { LARGE, UPLOAD_PATH } from '../origin.ts';
import { type Part, running } from '../part.ts';

const PARALLEL = [1, 8, 64];
/** Bodies moved at least, so that few at once are measured as long as many. */
const LEAST = 16;

const BODY = Buffer.alloc(LARGE.bytes, 'x');

export const bulk: Part = {
  name: 'bulk',
  takes: () => true,
  measure: (subject, { origin, quick }) =>
    running(subject, origin.port, async ({ port }) => {
      const all: Record<string, number> = {};
      await throughput(port, 2, 4, down);
      await throughput(port, 2, 4, up);
      for (const parallel of quick ? [8] : PARALLEL) {
        const bodies = quick ? 8 : Math.max(parallel, LEAST);
        all[`MB/s down, ${parallel}`] = await throughput(port, parallel, bodies, down);
        all[`MB/s up, ${parallel}`] = await throughput(port, parallel, bodies, up);
      }
      return all;
    }),
};

type Transfer = (connection: LoadConnection) => Promise<void>;

const down: Transfer = (connection) => connection.get(LARGE.path);
const up: Transfer = (connection) => connection.put(UPLOAD_PATH, BODY);

/** Megabytes (10⁶) a second that `bodies` of them take, `parallel` at once. */
async function throughput(
  port: number,
  parallel: number,
  bodies: number,
  transfer: Transfer,
): Promise<number> {
  const connections = await openMany(port, parallel);
  const start = performance.now();
  await Promise.all(
    connections.map(async (connection) => {
      for (let n = 0; n < bodies / parallel; n++) await transfer(connection);
    }),
  );
  const seconds = (performance.now() - start) / 1000;
  closeAll(connections);
  return (Math.ceil(bodies / parallel) * parallel * LARGE.bytes) / 1e6 / seconds;
}
