/**
 * `npm run bench:layers`: where the processor's time of a small request goes, by layer, at both ends. Each end runs under
 * V8's profiler while wrk keeps 64 connections busy; what a request costs is measured before, without it. Writes
 * `bench/results/layers.json`.
 */
import { mkdirSync, readdirSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { temporaryFolder } from '../test/support/certificates.ts';
import { startClientEnd, startServerEnd } from '../test/support/tunnel.ts';
import { wrk } from './load/wrk.ts';
import { SMALL, startOrigin } from './origin.ts';
import { LOOPBACK } from './peers/ptproxy.ts';
import { cpuTime } from './programs.ts';

const PROGRAM = 'dist/main.js';
const CONNECTIONS = 64;
const WARM_UP = 4;
const SECONDS = 8;
const OUT = 'bench/results/layers.json';

const ENDS = ['client', 'server'] as const;
type End = (typeof ENDS)[number];

/** By the address of the code; the first that fits. Native functions have none, and count for who called them. */
const LAYERS: readonly (readonly [string, RegExp])[] = [
  ['QUIC, with the engine', /\/dist\/quic\/|^node:dgram/],
  ['HTTP/3', /\/dist\/h3\//],
  ['QPACK, and lines known already', /\/dist\/(qpack|bytes)\//],
  ['proxy', /\/dist\/proxy\//],
  ['system calls of our own', /\/dist\/linux\/|koffi/],
  ['node:net, streams, timers', /^node:/],
];
const COLLECTOR = 'garbage collection';
const REST = 'the rest';

interface Node {
  readonly id: number;
  readonly callFrame: { readonly functionName: string; readonly url: string };
  readonly children?: readonly number[];
}

interface Profile {
  readonly nodes: readonly Node[];
  readonly samples: readonly number[];
  readonly timeDeltas: readonly number[];
}

/** Shares of the busy time by layer. */
function shares({ nodes, samples, timeDeltas }: Profile): Record<string, number> {
  const layers = new Map<number, string>();
  const byId = new Map(nodes.map((node) => [node.id, node]));
  const assign = (node: Node, inherited: string): void => {
    const layer = layerOf(node, inherited);
    layers.set(node.id, layer);
    for (const id of node.children ?? []) assign(byId.get(id) as Node, layer);
  };
  const [root] = nodes;
  if (root !== undefined) assign(root, REST);
  const times: Record<string, number> = {};
  let busy = 0;
  for (const [at, id] of samples.entries()) {
    if (byId.get(id)?.callFrame.functionName === '(idle)') continue;
    const layer = layers.get(id) ?? REST;
    const delta = timeDeltas[at] ?? 0;
    times[layer] = (times[layer] ?? 0) + delta;
    busy += delta;
  }
  return Object.fromEntries(Object.entries(times).map(([layer, time]) => [layer, time / busy]));
}

function layerOf({ callFrame: { functionName, url } }: Node, inherited: string): string {
  if (functionName === '(garbage collector)') return COLLECTOR;
  if (url === '') return functionName.startsWith('(') ? REST : inherited;
  return LAYERS.find(([, pattern]) => pattern.test(url))?.[0] ?? REST;
}

/** Microseconds of processor time of a request at each end. */
async function costs(originPort: number): Promise<Record<End, number>> {
  const config = { transport: LOOPBACK };
  const server = await startServerEnd(originPort, { config, program: PROGRAM });
  const client = await startClientEnd(server.quicPort, { config, program: PROGRAM });
  await client.process.waitForLog(/tunnel ready/);
  const load = { port: client.httpPort, path: SMALL.path, connections: CONNECTIONS };
  await wrk({ ...load, seconds: WARM_UP });
  const before = { client: cpuTime(client.process.pid), server: cpuTime(server.process.pid) };
  const { requests } = await wrk({ ...load, seconds: SECONDS });
  const spent = {
    client: (cpuTime(client.process.pid) - before.client) / requests,
    server: (cpuTime(server.process.pid) - before.server) / requests,
  };
  await Promise.all([client.process.stop(), server.process.stop()]);
  return spent;
}

async function profiles(originPort: number): Promise<Record<End, Profile>> {
  const folder = temporaryFolder();
  const optionsOf = (end: End) => ({
    config: { transport: LOOPBACK },
    program: PROGRAM,
    launcher: ['/bin/sh', '-c', `exec "$0" --cpu-prof --cpu-prof-dir=${join(folder, end)} "$@"`] as const,
  });
  const server = await startServerEnd(originPort, optionsOf('server'));
  const client = await startClientEnd(server.quicPort, optionsOf('client'));
  await client.process.waitForLog(/tunnel ready/);
  await wrk({
    port: client.httpPort,
    path: SMALL.path,
    connections: CONNECTIONS,
    seconds: WARM_UP + SECONDS,
  });
  await Promise.all([client.process.stop(), server.process.stop()]);
  const read = (end: End): Profile => {
    const [file = ''] = readdirSync(join(folder, end));
    return JSON.parse(readFileSync(join(folder, end, file), 'utf8'));
  };
  return { client: read('client'), server: read('server') };
}

const origin = await startOrigin();
const perRequest = await costs(origin.port);
const taken = await profiles(origin.port);
await origin.stop();
const results = Object.fromEntries(
  ENDS.map((end) => {
    const entries = Object.entries(shares(taken[end])).map(([layer, share]) => [
      layer,
      Number((share * perRequest[end]).toFixed(1)),
    ]);
    return [end, Object.fromEntries(entries)];
  }),
);
mkdirSync('bench/results', { recursive: true });
writeFileSync(OUT, `${JSON.stringify(results, undefined, 1)}\n`);
console.log(results);
