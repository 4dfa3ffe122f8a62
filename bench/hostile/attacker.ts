/**
 * `attacker.ts PORT RATE SECONDS NAME`: one attack of `attacks.ts` on a port of this host. Says "ready" when all is
 * prepared, begins when it is told something, and writes how many datagrams it has sent.
 */
import { once } from 'node:events';
import { ATTACKS } from './attacks.ts';

/** How often it sends, milliseconds. */
const STEP = 4;

const [port, rate, seconds] = process.argv.slice(2, 5).map(Number) as [number, number, number];
const attack = ATTACKS[process.argv[5] ?? ''];
if (attack === undefined) throw new Error(`no such attack: ${process.argv[5]}`);
const shoot = await attack(port);
console.log('ready');
await once(process.stdin, 'data');
const start = performance.now();
let sent = 0;
const timer = setInterval(() => {
  const elapsed = performance.now() - start;
  // What a busy machine did not let it send in time is not made up for in one burst.
  const due = Math.min((rate * elapsed) / 1000, sent + (4 * STEP * rate) / 1000);
  for (; sent < due; sent++) shoot();
  if (elapsed < seconds * 1000) return;
  clearInterval(timer);
  console.log(sent);
  setTimeout(() => process.exit(), 100);
}, STEP);
