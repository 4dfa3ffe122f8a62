/** Attempts to connect that fail, hundreds of them: neither end may keep anything of one. */
import { readdirSync } from 'node:fs';
import { expect } from 'vitest';
import { Pki } from '../support/certificates.ts';
import type { CliProcess } from '../support/process.ts';
import type { Sections } from '../support/tunnel.ts';
import { clientEnd, serverEnd } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { megabytes } from './memory.fixture.ts';

/** Which end refuses the other's certificate. */
export type Judge = 'server' | 'client';

export interface AttemptsOptions {
  /** Attempts before memory counts: caches fill, the compiler works, and the garbage collector finds its pace. */
  readonly warmUp: number;
  readonly attempts: number;
  /** Most growth of each end's resident memory, in bytes. */
  readonly growth: number;
  readonly figures: Figures;
}

// What the collector has not come round to is no leak: with a small young generation it comes round often.
const env = { NODE_OPTIONS: '--max-semi-space-size=1' };

/** Lets attempts fail every 10 ms or so, and compares the memory and the open files of both ends before and after. */
export async function failAttempts(judge: Judge, options: AttemptsOptions): Promise<void> {
  const other = await Pki.create('another CA');
  const system = { connect_interval: 10, log_level: 'debug', log_format: 'json' };
  const right: Sections = { system };
  const server = await serverEnd(1, {
    env,
    config: judge === 'client' ? { system, tls: { ...(await other.server()) } } : right,
  });
  const client = await clientEnd(server.quicPort, {
    env,
    config: judge === 'server' ? { system, tls: { ...(await other.client()) } } : right,
  });
  const ends = [client.process, server.process];
  const refusals = new Refusals(server.process);
  await refusals.wait(options.warmUp);
  const before = ends.map(measure);
  const halfway = await refusals.wait(options.attempts / 2).then(() => ends.map(measure));
  await refusals.wait(options.attempts / 2);
  const after = ends.map(measure);
  options.figures(
    `${options.attempts} attempts refused by the ${judge}, after ${options.warmUp}: ` +
      ['client', 'server']
        .map((end, at) => `${end} ${course([before[at], halfway[at], after[at]])}`)
        .join('; '),
  );
  for (const [at, { memory, files }] of after.entries()) {
    expect(memory - (before[at]?.memory ?? 0)).toBeLessThan(options.growth);
    // A few attempts may be under way, or wait for stray packets.
    expect(files - (before[at]?.files ?? 0)).toBeLessThanOrEqual(10);
  }
}

interface Measure {
  readonly memory: number;
  readonly files: number;
}

function measure(process: CliProcess): Measure {
  return { memory: process.rss(), files: readdirSync(`/proc/${process.pid}/fd`).length };
}

function course(measures: readonly (Measure | undefined)[]): string {
  const memory = measures.map((one) => megabytes(one?.memory ?? 0)).join(' → ');
  const files = measures.map((one) => one?.files).join(' → ');
  return `${memory}, ${files} files open`;
}

/** The server's log lines about attempts that came to nothing. */
class Refusals {
  readonly #process: CliProcess;
  #from = 0;

  constructor(process: CliProcess) {
    this.#process = process;
  }

  /** Resolves after `count` more. */
  async wait(count: number): Promise<void> {
    for (let seen = 0; seen < count; seen++) {
      await this.#process.waitForLog(REFUSED, this.#from);
      this.#from = this.#process.lines.findIndex((line, at) => at >= this.#from && REFUSED.test(line)) + 1;
    }
  }
}

const REFUSED = /connection from .* refused: .*unknown_ca/;
