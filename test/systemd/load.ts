/**
 * Requests at a steady rate until standard input ends: load.ts PORT RATE. Writes "under way" when a hundred were answered,
 * and in the end, after another hundred, what became of all, as JSON.
 */
import { once } from 'node:events';
import { CountedLoad } from '../support/counted.ts';

const [port = 0, rate = 0] = process.argv.slice(2).map(Number);

const load = new CountedLoad({ port, rate, renewsConnections: true });
await load.successes(100);
process.stdout.write('under way\n');
process.stdin.resume();
await once(process.stdin, 'end');
await load.successes(100);
process.stdout.write(`${JSON.stringify(await load.stop())}\n`);
