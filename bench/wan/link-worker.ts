/** The process of a {@link LinkProcess}. */
import { createLink } from '../../src/demo/link.ts';
import type { Order } from './link-process.ts';

const link = await createLink(JSON.parse(process.argv[2] ?? ''));
process.on('message', (order: Order) => {
  if (order === 'count') process.send?.(link.counters);
  else link.change(order.direction, order.conditions);
});
// It ends with the process that started it, however that one ends.
process.on('disconnect', () => process.exit());
process.send?.(link.address.port);
