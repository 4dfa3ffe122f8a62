/**
 * The soak: both ends as real processes under a steady load over a link that loses datagrams, for a long time.
 * `npm run soak -- [MINUTES] [RATE] [LOSS]`: requests a second, and the percentage of datagrams lost each way.
 * Every ten seconds a line of figures; in the end the judgment. Exit code 1 when a request failed, hangs or came to the
 * origin twice, when resident memory or descriptors of an end grow, or when the machine could not keep up.
 */
import { readdirSync } from 'node:fs';
import { setTimeout as pause } from 'node:timers/promises';
import { fileURLToPath } from 'node:url';
import { CountedLoad, type CountedReport, CountingOrigin } from '../support/counted.ts';
import { startOrigin } from '../support/origin.ts';
import type { CliProcess } from '../support/process.ts';
import { startTunnel } from '../support/tunnel.ts';
import { type Sample, slope } from './slope.ts';

const [minutes = 30, rate = 300, loss = 1] = process.argv.slice(2).map(Number);

const INTERVAL = 10_000;
/** The link, milliseconds one way, and both ends tuned to it, for 90 Mbit/s. */
const DELAY = 25;
const TRANSPORT = { initial_rtt: 2 * DELAY, initial_window: 562_500 };
/** For the last requests to be answered, milliseconds. */
const PATIENCE = 60_000;
/** What memory may grow by: bytes a second. It takes a while to see so little. */
const STEEPEST = 1e6 / 600;
const SHORTEST_FOR_MEMORY = 20;
/** In a run of that length, the share of requests that may be left out because too many were waiting. */
const MOST_SKIPPED = 0.1;
/** What even a short run may not take: bytes. A start takes some 100 MB. */
const MOST_MEMORY = 400e6;
/** Descriptors come and go with connections; what leaks is always there: what their least number may grow by. */
const DESCRIPTORS = 16;

/** An end under observation. */
class Watched {
  readonly name: string;
  readonly memory: Sample[] = [];
  readonly descriptors: Sample[] = [];
  readonly #process: CliProcess;

  constructor(name: string, process: CliProcess) {
    this.name = name;
    this.#process = process;
  }

  /** Takes a sample, and gives it as text. */
  take(at: number): string {
    const memory = this.#process.rss();
    const descriptors = readdirSync(`/proc/${this.#process.pid}/fd`).length;
    this.memory.push({ at, value: memory });
    this.descriptors.push({ at, value: descriptors });
    return `${this.name} ${mb(memory)}, ${descriptors} descriptors${this.#probed()}`;
  }

  /** What is wrong with how it went. `seconds`: in all. */
  judge(seconds: number): string[] {
    const settled = (samples: readonly Sample[]) => samples.filter(({ at }) => at >= seconds / 6);
    const growth = slope(settled(this.memory));
    const most = Math.max(...this.memory.map(({ value }) => value));
    const perTen = `${mb(growth * 600)} per 10 minutes`;
    print(`${this.name}: memory at most ${mb(most)}, slope after the first sixth ${perTen}`);
    const wrong: string[] = [];
    if (minutes >= SHORTEST_FOR_MEMORY && growth > STEEPEST) wrong.push(`memory grows by ${perTen}`);
    if (most > MOST_MEMORY) wrong.push(`memory came to ${mb(most)}`);
    const third = Math.floor(this.descriptors.length / 3);
    const before = lowest(this.descriptors.slice(third, 2 * third));
    const after = lowest(this.descriptors.slice(2 * third));
    // In a short run pools may still grow with what is in flight; a leak of one a request would be that much in a second.
    const allowed = minutes >= SHORTEST_FOR_MEMORY ? DESCRIPTORS : rate;
    if (third > 0 && after > before + allowed) wrong.push(`descriptors grow from ${before} to ${after}`);
    return wrong.map((text) => `${this.name}: ${text}`);
  }

  // What probe.mjs told last.
  #probed(): string {
    const line = this.#process.lines.findLast((text) => text.startsWith('probe '));
    if (line === undefined) return '';
    const { delayP99, delayMax, heapUsed, external } = JSON.parse(line.slice('probe '.length));
    const delay = `loop delay p99 ${delayP99.toFixed(0)} ms, at most ${delayMax.toFixed(0)} ms`;
    return `, heap ${mb(heapUsed)} + ${mb(external)}, ${delay}`;
  }
}

const lowest = (samples: readonly Sample[]): number => Math.min(...samples.map(({ value }) => value));
const mb = (bytes: number): string => `${(bytes / 1e6).toFixed(1)} MB`;

function print(line: string): void {
  process.stdout.write(`${line}\n`);
}

async function stopped(load: CountedLoad): Promise<CountedReport> {
  const late = new AbortController();
  const outcome = await Promise.race([
    load.stop(),
    pause(PATIENCE, load.report, { signal: late.signal }).catch(() => load.report),
  ]);
  late.abort();
  return outcome;
}

async function soak(): Promise<string[]> {
  const counting = new CountingOrigin();
  const origin = await startOrigin(counting.listener);
  const probe = fileURLToPath(new URL('probe.mjs', import.meta.url));
  const end = { config: { transport: TRANSPORT }, env: { NODE_OPTIONS: `--import ${probe}` } };
  const pair = await startTunnel({
    originPort: origin.port,
    client: end,
    server: end,
    link: { delay: DELAY, loss },
  });
  const ends = [new Watched('client', pair.client.process), new Watched('server', pair.server.process)];
  const begin = performance.now();
  const seconds = () => (performance.now() - begin) / 1000;
  const load = new CountedLoad({ port: pair.client.httpPort, rate });
  while (seconds() < minutes * 60) {
    await pause(Math.min(INTERVAL, minutes * 60_000));
    const { sent, skipped, failed, slowest } = load.report;
    const counts = `${sent} sent, ${skipped} skipped, ${failed} failed, slowest ${slowest.toFixed(0)} ms`;
    print(`${seconds().toFixed(0)} s: ${counts}; ${ends.map((one) => one.take(seconds())).join('; ')}`);
  }
  const took = seconds();
  const report = await stopped(load);
  await pair.stop();
  await origin.stop();
  return [...wrongWith(report, counting.counts.repeated), ...ends.flatMap((one) => one.judge(took))];
}

function wrongWith(report: CountedReport, repeated: number): string[] {
  const { sent, skipped } = report;
  const hung = sent - report.succeeded - report.failed;
  print(
    `${sent} sent, ${skipped} left out, ${report.succeeded} succeeded, ${report.failed} failed, ${hung} hung`,
  );
  print(`${repeated} came to the origin twice; slowest ${report.slowest.toFixed(0)} ms`);
  const wrong = [...report.reasons];
  const isLong = minutes >= SHORTEST_FOR_MEMORY;
  if (isLong && skipped > MOST_SKIPPED * (sent + skipped)) wrong.push(`${skipped} requests were left out`);
  if (hung > 0) wrong.push(`${hung} requests hang`);
  if (repeated > 0) wrong.push(`${repeated} requests came to the origin twice`);
  return wrong;
}

print(`${minutes} minutes, ${rate} requests a second, ${loss} % loss each way`);
const wrong = await soak();
for (const text of wrong) print(`WRONG: ${text}`);
process.exit(wrong.length > 0 ? 1 : 0);
