/**
 * `npm run bench`: this program and its peers, each as a pair of ends on this host, in turns. Every round measures every
 * subject once, so that what the machine does meanwhile happens to all of them.
 */
import { parseArgs } from 'node:util';
import { wrkVersion } from './load/wrk.ts';
import { startOrigin } from './origin.ts';
import type { Context, Part } from './part.ts';
import { aging } from './parts/aging.ts';
import { bulk } from './parts/bulk.ts';
import { idle } from './parts/idle.ts';
import { latency } from './parts/latency.ts';
import { memory } from './parts/memory.ts';
import { mixed } from './parts/mixed.ts';
import { requests } from './parts/requests.ts';
import { bare } from './peers/bare.ts';
import { caddy } from './peers/caddy.ts';
import { haproxy } from './peers/haproxy.ts';
import { nginx } from './peers/nginx.ts';
import { ptproxy } from './peers/ptproxy.ts';
import { add, emptyResults, type Results, save } from './results.ts';
import type { Subject } from './subject.ts';
import { partTable } from './table.ts';

const USAGE = `npm run bench -- [options]
  --only PARTS     of requests, latency, bulk, mixed, memory, idle, aging; with commas. Default: all
  --peers NAMES    of origin, ptproxy, ptproxy-9000, nginx, haproxy, caddy, node. Default: those that are installed
  --against FILE   also dist/main.js of another build, as ptproxy-other
  --rounds N       default 5
  --quick          shorter, less, one round: to see whether it works
  --set KEY=VALUE  a key of [transport] for the builds of this program; repeatable
  --out FILE       default: bench/results/loopback.json, with --quick nowhere`;

const { values: args } = parseArgs({
  options: {
    only: { type: 'string' },
    peers: { type: 'string' },
    against: { type: 'string' },
    rounds: { type: 'string' },
    quick: { type: 'boolean', default: false },
    set: { type: 'string', multiple: true, default: [] },
    out: { type: 'string' },
    help: { type: 'boolean', default: false },
  },
});

const PARTS = [requests, latency, bulk, mixed, memory, idle, aging];
const PROGRAM = 'dist/main.js';

function subjects(): Subject[] {
  const transport = Object.fromEntries(args.set.map(setting));
  const program = PROGRAM;
  const origin: Subject = {
    name: 'origin',
    description: 'the origin alone',
    version: nginx.version,
    start: async (port) => ({ port, ends: undefined, startUp: undefined, stop: async () => {} }),
  };
  const description = 'ptproxy pair, HTTP/3 over QUIC';
  const jumbo = { ...transport, udp_payload_size: 9000 };
  return [
    origin,
    ptproxy({ name: 'ptproxy', description, program, transport }),
    ...(args.against === undefined
      ? []
      : [ptproxy({ name: 'ptproxy-other', description, program: args.against, transport })]),
    ptproxy({
      name: 'ptproxy-9000',
      description: 'the same with udp_payload_size = 9000',
      program,
      transport: jumbo,
    }),
    nginx,
    haproxy,
    caddy,
    bare,
  ];
}

function setting(pair: string): [string, string | number] {
  const [key = '', value = ''] = pair.split('=');
  return [key, Number.isNaN(Number(value)) ? value : Number(value)];
}

/** Those whose names are in `list`, or all; a name that none has is an error. */
function chosen<T extends { readonly name: string }>(all: readonly T[], list: string | undefined): T[] {
  if (list === undefined) return [...all];
  return list.split(',').map((name) => {
    const found = all.find((one) => one.name === name);
    if (found === undefined)
      throw new Error(`no ${name}; there are ${all.map((one) => one.name).join(', ')}`);
    return found;
  });
}

function installed(all: readonly Subject[]): Subject[] {
  for (const { name, version } of all)
    if (version === undefined) console.error(`skipped: ${name} is not installed`);
  return all.filter(({ version }) => version !== undefined);
}

/** The datagram size tells in bulk transfers; elsewhere the variant would be one more of the same. */
function concerns(part: Part, subject: Subject): boolean {
  return (
    part.takes(subject) && (subject.name !== 'ptproxy-9000' || part === bulk || args.peers !== undefined)
  );
}

async function round(results: Results, parts: readonly Part[], all: readonly Subject[], context: Context) {
  for (const part of parts) {
    for (const subject of all.filter((one) => concerns(part, one))) {
      const figures = await part.measure(subject, context);
      add(results, part.name, subject.name, figures);
      console.error(
        `${part.name}, ${subject.name}:`,
        JSON.stringify(figures, (_, v) => brief(v)),
      );
    }
  }
}

function brief(value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(3)) : value;
}

/** Each round begins with another one, so that none always has the same before it. */
function rotated<T>(list: readonly T[], by: number): T[] {
  const start = by % list.length;
  return [...list.slice(start), ...list.slice(0, start)];
}

async function main(): Promise<void> {
  if (args.help) return console.log(USAGE);
  if (wrkVersion === undefined || nginx.version === undefined) {
    throw new Error('wrk and nginx make the load and the answers: apt-get install wrk nginx-light');
  }
  const parts = chosen(PARTS, args.only);
  const all = installed(chosen(subjects(), args.peers));
  const results = emptyResults(all, { wrk: wrkVersion, nginx: nginx.version });
  const out = args.out ?? (args.quick ? undefined : 'bench/results/loopback.json');
  const origin = await startOrigin();
  const rounds = Number(args.rounds ?? (args.quick ? 1 : 5));
  try {
    for (let n = 0; n < rounds; n++) {
      console.error(`round ${n + 1} of ${rounds}`);
      await round(results, parts, rotated(all, n), { origin, quick: args.quick });
      if (out !== undefined) save(out, results);
    }
  } finally {
    await origin.stop();
  }
  for (const part of parts) console.log(`\n${part.name}\n\n${partTable(results, part.name)}`);
}

await main();
