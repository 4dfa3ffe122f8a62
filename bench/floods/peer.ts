/** The hostile peer, a process of its own: attacks for a while, and prints what it spent as JSON. */
import { readFileSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { describe } from '../../src/h3/codes.ts';
import type { QuicClose } from '../../src/quic/port.ts';
import { dialRaw } from '../../test/support/raw-peer.ts';
import { ATTACKS } from './attacks.ts';

/** What the driver passes as the only argument. */
export interface Order {
  readonly attack: string;
  readonly port: number;
  readonly seconds: number;
  readonly ca: string;
  readonly cert: string;
  readonly key: string;
}

/** What the attack cost the peer, and how its connections ended: the count for each outcome. */
export interface Spent {
  readonly cpu: number;
  readonly bytes: number;
  readonly closes: Readonly<Record<string, number>>;
}

const order = JSON.parse(process.argv[2] ?? '{}') as Order;
const attack = ATTACKS[order.attack];
if (attack === undefined) throw new Error(`no attack ${order.attack}`);
const identity = {
  ca: readFileSync(order.ca),
  chain: readFileSync(order.cert),
  key: readFileSync(order.key),
};
const closes: Record<string, number> = {};
let bytes = 0;
// What comes before is the program's own start.
const before = process.cpuUsage();
const end = performance.now() + 1000 * order.seconds;
while (performance.now() < end) {
  try {
    const peer = await dialRaw(order.port, { ...attack.transport, identity });
    const going = (): boolean => peer.closed === undefined && performance.now() < end;
    await Promise.race([attack.run(peer, going), pause(end - performance.now())]);
    bytes += peer.sentBytes;
    count(outcome(peer.closed));
    if (peer.closed === undefined) peer.close();
  } catch (error) {
    count(String(error));
    await pause(50);
  }
}

/** How a connection ended, in words. */
function outcome(close: QuicClose | undefined): string {
  if (close === undefined) return 'not closed';
  return close.space === 'application' ? describe(close.code) : close.reason;
}

function count(what: string): void {
  closes[what] = (closes[what] ?? 0) + 1;
}

const { user, system } = process.cpuUsage(before);
const spent: Spent = { cpu: (user + system) / 1e6, bytes, closes };
process.stdout.write(`${JSON.stringify(spent)}\n`, () => process.exit(0));
