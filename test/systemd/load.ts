/**
 * Requests at a steady rate until standard input ends: load.ts PORT RATE. Writes "under way" when some were answered,
 * and in the end what became of them, as JSON.
 */
import { once } from 'node:events';
import { CountedLoad } from '../support/counted.ts';

const [port = 0, rate = 0] = process.argv.slice(2).map(Number);

const load = new CountedLoad({ port, rate, renewsConnections: true });
await load.successes(10);
process.stdout.write('under way\n');
process.stdin.resume();
await once(process.stdin, 'end');
process.stdout.write(`${JSON.stringify(await load.stop())}\n`);
