/**
 * `npm run bench:handshakes -- [--seconds 10] [--rate 5000] [--only TEXT]`: a tunnel that serves 100 requests a second
 * while one end of it is attacked by those who have no certificate that it would accept. Fails when requests do, or
 * when they, the event loop or the memory of the end suffer more than is allowed.
 */
import { parseArgs } from 'node:util';
import { startDemoOrigin } from '../src/demo/origin.ts';
import { type ClientEnd, startClientEnd, startServerEnd } from '../test/support/tunnel.ts';
import { ATTACKS } from './hostile/attacks.ts';
import { Helper } from './hostile/helper.ts';
import { type Observation, Observed } from './hostile/observed.ts';
import { steadily } from './load/steady.ts';
import { pause } from './load/times.ts';
import { quantile } from './stats.ts';

const { values } = parseArgs({
  options: {
    seconds: { type: 'string', default: '10' },
    rate: { type: 'string', default: '5000' },
    only: { type: 'string', default: '' },
  },
});
const seconds = Number(values.seconds);
const RATE = 100;
const MB = 2 ** 20;

/**
 * What is allowed: memory over what it was before the first attack (bytes), times the quiet 99th percentile, delay of
 * the event loop (ms).
 */
const ALLOWED = { growth: 64 * MB, slower: 3, delay: 100 };
/** A quiet 99th percentile above this (ms) is that of a machine which has other things to do. */
const BUSY = 30;
/** How long after the attacks memory is looked at once more, ms. What the allocator keeps in reserve stays. */
const REST = 15_000;
/** The attacker leaves the processors to others: there are two here for all of them. */
const NICENESS = 5;

const PROGRAM = 'dist/main.js';
const TUNED = { initial_window: 562_500, initial_rtt: 20 };

interface Quiet {
  readonly p99: number;
  readonly memory: number;
}

interface Row {
  readonly name: string;
  readonly sent: number;
  readonly times: readonly number[];
  readonly failed: number;
  readonly seen: Observation;
}

const problems: string[] = [];

async function served(port: number): Promise<{ times: readonly number[]; failed: number }> {
  let failed = 0;
  const times = await steadily({ port, path: '/bytes/1000', rate: RATE, seconds, onFailed: () => failed++ });
  return { times, failed };
}

/** `quiet`: the 99th percentile (ms) and the memory (bytes) before the first attack. */
function report({ name, sent, times, failed, seen }: Row, quiet: Quiet): void {
  const p99 = quantile(times, 0.99);
  const growth = seen.most - quiet.memory;
  const drops = [...seen.drops].sort(([, one], [, other]) => other - one);
  const figures = [
    `${(sent / seconds).toFixed(0).padStart(6)}/s`,
    `p50 ${quantile(times, 0.5).toFixed(2)} p99 ${p99.toFixed(2)} max ${Math.max(...times).toFixed(1)} ms`,
    `failed ${failed}`,
    `loop ${seen.delay.toFixed(0)} ms`,
    `memory ${(seen.most / MB).toFixed(0)} MB`,
    drops.map(([reason, count]) => `${reason} ${count}`).join(', '),
  ];
  console.log(`${name.padEnd(34)} ${figures.join(' | ')}`);
  if (failed > 0) problems.push(`${name}: ${failed} requests failed`);
  if (p99 > ALLOWED.slower * quiet.p99) {
    problems.push(`${name}: p99 ${p99.toFixed(2)} ms, quiet ${quiet.p99.toFixed(2)} ms`);
  }
  if (seen.delay > ALLOWED.delay)
    problems.push(`${name}: the event loop was ${seen.delay.toFixed(0)} ms late`);
  if (growth > ALLOWED.growth) problems.push(`${name}: memory grew by ${(growth / MB).toFixed(0)} MB`);
}

async function measure(
  name: string,
  end: Observed,
  port: number,
  attack: () => Promise<number>,
): Promise<Row> {
  const both = () => Promise.all([served(port), attack()]);
  const { result, seen } = await end.during(both);
  const [{ times, failed }, sent] = result;
  return { name, sent, times, failed, seen };
}

async function quietly(end: Observed, port: number): Promise<Quiet> {
  // Code that never ran is slow.
  await served(port);
  const row = await measure('quiet', end, port, () => Promise.resolve(0));
  const quiet = { p99: quantile(row.times, 0.99), memory: end.memory };
  report(row, quiet);
  if (quiet.p99 > BUSY) console.error('this machine is busy: what follows says little of the program');
  return quiet;
}

const wanted = (name: string): boolean => name.includes(values.only);

function metricsAt({ port }: Observed) {
  return { transport: TUNED, system: { metrics_bind_address: `127.0.0.1:${port}` } };
}

async function rest(end: Observed, { memory }: Quiet): Promise<void> {
  await pause(REST);
  console.log(`${(memory / MB).toFixed(0)} MB before, ${(end.memory / MB).toFixed(0)} MB afterwards`);
}

async function attackServer(originPort: number): Promise<void> {
  const end = await Observed.create(() => server.process.pid);
  const server = await startServerEnd(originPort, { config: metricsAt(end), program: PROGRAM });
  const client = await startClientEnd(server.quicPort, { config: { transport: TUNED }, program: PROGRAM });
  await client.process.waitForLog(/tunnel ready/);
  console.log('at the server end');
  const quiet = await quietly(end, client.httpPort);
  for (const name of Object.keys(ATTACKS).filter(wanted)) {
    const args = [`${server.quicPort}`, values.rate, values.seconds, name];
    const attacker = new Helper('attacker.ts', args, NICENESS);
    await attacker.line();
    const strike = async (): Promise<number> => {
      attacker.tell('go');
      return Number(await attacker.line());
    };
    report(await measure(name, end, client.httpPort, strike), quiet);
  }
  await rest(end, quiet);
  await Promise.all([client.process.stop(), server.process.stop()]);
}

async function attackSession(originPort: number): Promise<void> {
  const name = 'datagrams of a false server';
  const server = await startServerEnd(originPort, { config: { transport: TUNED }, program: PROGRAM });
  const middle = new Helper('man-in-the-middle.ts', [`${server.quicPort}`, values.rate]);
  const end = await Observed.create(() => client.process.pid);
  const client: ClientEnd = await startClientEnd(Number(await middle.line()), {
    config: metricsAt(end),
    program: PROGRAM,
  });
  await client.process.waitForLog(/tunnel ready/);
  console.log('at the client end, in its session');
  const quiet = await quietly(end, client.httpPort);
  const strike = async (): Promise<number> => {
    middle.tell(values.seconds);
    return Number(await middle.line());
  };
  report(await measure(name, end, client.httpPort, strike), quiet);
  await rest(end, quiet);
  await Promise.all([client.process.stop(), server.process.stop()]);
  middle.stop();
}

/** A client that finds nothing but a false server: there is no session, so there are no requests to serve. */
async function attackAttempts(): Promise<void> {
  const name = 'attempts that meet a false server';
  const impostor = new Helper('false-server.ts', [], NICENESS);
  const end = await Observed.create(() => client.process.pid);
  const { system, transport } = metricsAt(end);
  const client: ClientEnd = await startClientEnd(Number(await impostor.line()), {
    config: { transport, system: { ...system, connect_interval: 200, wait_for_first_attempt: false } },
    program: PROGRAM,
  });
  console.log('at the client end, without a session');
  const quiet = { p99: Number.POSITIVE_INFINITY, memory: end.memory };
  const { seen } = await end.during(() => pause(seconds * 1000));
  report({ name, sent: 0, times: [0], failed: 0, seen }, quiet);
  impostor.stop();
  await rest(end, quiet);
  await client.process.stop();
}

const origin = await startDemoOrigin();
await attackServer(origin.port);
if (wanted('false server')) {
  await attackSession(origin.port);
  await attackAttempts();
}
await origin.stop();
for (const problem of problems) console.error(problem);
process.exitCode = problems.length > 0 ? 1 : 0;
