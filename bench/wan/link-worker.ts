/** The thread of a {@link LinkThread}. */
import { parentPort, workerData } from 'node:worker_threads';
import { createLink } from '../../src/demo/link.ts';
import type { Order } from './link-thread.ts';

const link = await createLink(workerData);
parentPort?.on('message', (order: Order) => {
  if (order === 'count') parentPort?.postMessage(link.counters);
  else link.change(order.direction, order.conditions);
});
parentPort?.postMessage(link.address.port);
