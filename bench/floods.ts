/**
 * `npm run bench:floods`: hostile peers with an accepted certificate, one after the other, each a process of its own. For
 * each: what it spent, what that cost the server end, and what another peer noticed. Exit code 1 when the server end
 * paid more than a hundred times as much, or the other peer's 99th percentile was over three times its quiet value.
 */
import { execFile, fork } from 'node:child_process';
import { once } from 'node:events';
import { setPriority } from 'node:os';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { parseArgs } from 'node:util';
import { sharedPki } from '../test/support/certificates.ts';
import type { CliProcess } from '../test/support/process.ts';
import { startTunnel } from '../test/support/tunnel.ts';
import { ATTACKS } from './floods/attacks.ts';
import type { Order, Spent } from './floods/peer.ts';
import { closeConnections, timeSteadily } from './load/times.ts';
import { startLargeOrigin } from './origin.ts';
import { cpuTime } from './programs.ts';
import { quantile } from './stats.ts';

const { values: args } = parseArgs({
  options: {
    seconds: { type: 'string', default: '5' },
    only: { type: 'string' },
  },
});

/** Several times what the server end holds of one answer, bytes; more would only fill the buffers of the kernel. */
const LARGE = 1_000_000;
/** Requests a second of the other peer. */
const RATE = 100;
/** Seconds for which it is watched in quiet. */
const QUIET = 3;
/** Most that an attack may cost, in what it spends itself. */
const MOST = 100;
/** Memory that is no matter, bytes: the heap grows by as much when a process has something to do. */
const MEMORY_NOISE = 64 * 2 ** 20;
/** Most that another peer's 99th percentile may grow. */
const MOST_SLOWER = 3;

const seconds = Number(args.seconds);
const names = Object.keys(ATTACKS).filter((name) => args.only === undefined || name.includes(args.only));

/** Follows the most memory that a process has at any time; call it for the result, in bytes. */
function watchMemory(process: CliProcess): () => number {
  let most = process.rss();
  const timer = setInterval(() => {
    most = Math.max(most, process.rss());
  }, 50);
  return () => {
    clearInterval(timer);
    return most;
  };
}

/** A program beside this one. */
const script = (name: string): string => fileURLToPath(new URL(`floods/${name}.ts`, import.meta.url));

function attackWith(order: Order): Promise<Spent> {
  return new Promise((resolve, reject) => {
    const child = execFile(
      process.execPath,
      ['--import', 'tsx', script('peer'), JSON.stringify(order)],
      { timeout: 1000 * seconds + 30_000 },
      (error, stdout) => (error === null ? resolve(JSON.parse(stdout) as Spent) : reject(error)),
    );
    // On a host of its own it would take no processor time from the others.
    if (child.pid !== undefined) setPriority(child.pid, 10);
  });
}

interface Verdict {
  readonly line: string;
  readonly ok: boolean;
}

async function measure(attack: string, originPort: number): Promise<Verdict> {
  const tunnel = await startTunnel({ originPort });
  try {
    const victim = tunnel.server.process;
    const timed = { port: tunnel.client.httpPort, path: '/' };
    await timeSteadily(timed, RATE, 1);
    const before = cpuTime(victim.pid) / 1e6;
    const quiet = await timeSteadily(timed, RATE, QUIET);
    const quietCpu = ((cpuTime(victim.pid) / 1e6 - before) / QUIET) * seconds;
    const memory = victim.rss();
    const most = watchMemory(victim);
    const start = cpuTime(victim.pid) / 1e6;
    const pki = await sharedPki();
    const order = { attack, port: tunnel.server.quicPort, seconds, ca: pki.ca, ...(await pki.client()) };
    const attacking = attackWith(order);
    // It takes a moment to start; the requests go on as long as it does.
    await pause(700);
    const flooded = await timeSteadily(timed, RATE, seconds);
    const spent = await attacking;
    return judge(attack, spent, {
      cpu: Math.max(0, cpuTime(victim.pid) / 1e6 - start - quietCpu),
      memory: Math.max(0, most() - memory),
      quiet,
      flooded,
    });
  } finally {
    await tunnel.stop();
  }
}

interface Cost {
  readonly cpu: number;
  readonly memory: number;
  readonly quiet: readonly number[];
  readonly flooded: readonly number[];
}

function judge(attack: string, spent: Spent, { cpu, memory, quiet, flooded }: Cost): Verdict {
  const cpuRatio = cpu / spent.cpu;
  const memoryRatio = memory / spent.bytes;
  const [quietP99, floodedP99] = [quantile(quiet, 0.99), quantile(flooded, 0.99)];
  const slower = floodedP99 / quietP99;
  const ok = cpuRatio <= MOST && (memoryRatio <= MOST || memory <= MEMORY_NOISE) && slower <= MOST_SLOWER;
  const closes = Object.entries(spent.closes).map(([outcome, count]) => `${count} × ${outcome}`);
  const cells = [
    attack.padEnd(30),
    `${spent.cpu.toFixed(2)} s, ${megabytes(spent.bytes)}`.padStart(17),
    `${cpu.toFixed(2)} s (×${cpuRatio.toFixed(2)})`.padStart(17),
    `${megabytes(memory)} (×${memoryRatio.toFixed(1)})`.padStart(20),
    `${quietP99.toFixed(1)} → ${floodedP99.toFixed(1)} ms (×${slower.toFixed(1)})`.padStart(26),
    `most ${Math.max(...flooded).toFixed(0)} ms`.padStart(12),
    `${ok ? 'ok  ' : 'OVER'} ${closes.join(', ')}`,
  ];
  return { line: cells.join('  '), ok };
}

const megabytes = (bytes: number): string => `${(bytes / 2 ** 20).toFixed(1)} MB`;

const origin = fork(script('origin'), {
  execArgv: ['--import', 'tsx'],
  stdio: ['ignore', 'pipe', 'inherit', 'ipc'],
});
const [port] = await once(origin.stdout as NodeJS.EventEmitter, 'data');
const nginx = await startLargeOrigin(Number(port), LARGE);
const HEAD = ['attack'.padEnd(30), 'peer spent'.padStart(17), 'server CPU'.padStart(17)];
console.log([...HEAD, 'server memory'.padStart(20), '99th percentile of another peer'].join('  '));
let ok = names.length > 0;
for (const name of names) {
  const verdict = await measure(name, nginx.port);
  console.log(verdict.line);
  ok &&= verdict.ok;
}
closeConnections();
await nginx.stop();
origin.disconnect();
process.exitCode = ok ? 0 : 1;
