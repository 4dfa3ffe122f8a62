/** The link between the ends is cut for a while, under load. */
import { performance } from 'node:perf_hooks';
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { hashEcho } from '../support/origin.ts';
import { origin } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { linkedTunnel } from './linked-ends.fixture.ts';
import { duration, Load, ms, type Outcome, summary } from './load.fixture.ts';

export interface CutOptions {
  /** For how long nothing gets through, milliseconds. */
  readonly cut: number;
  /** Requests a second. */
  readonly rate: number;
  /** Milliseconds, as in the configuration. */
  readonly holdTimeout: number;
  readonly maxIdleTimeout: number;
  readonly keepAliveInterval: number;
  /** From the link's return to the first answer, at most, and what the machine may add to other bounds, milliseconds. */
  readonly backWithin: number;
  readonly grace: number;
  readonly figures: Figures;
}

/** A cut that is shorter than the requests' patience: all of them succeed. */
export async function cutForAMoment(options: CutOptions): Promise<void> {
  const { outcomes, back } = await cutUnderLoad(options);
  expect(outcomes.filter(({ status }) => status !== 200)).toEqual([]);
  expect(back).toBeLessThan(options.backWithin);
}

/** A cut that outlasts it: every request is told so in time, and all is well soon after the link's return. */
export async function cutForLong(options: CutOptions): Promise<void> {
  const { outcomes, failed, back, cutAt, restored } = await cutUnderLoad(options);
  expect(failed.length).toBeGreaterThan(0);
  // A response whose head had arrived can only be cut off.
  const told = failed.filter(({ status, start }) => status !== 0 || start > cutAt);
  expect(told.filter(({ status }) => status !== 503 && status !== 504)).toEqual([]);
  // What was under way at the cut waits for the session's end, what came later waits in line.
  const bound = Math.max(options.holdTimeout, options.maxIdleTimeout) + options.grace;
  expect(Math.max(...failed.map(duration))).toBeLessThan(bound + options.keepAliveInterval);
  expect(failed.filter(({ start }) => start > restored)).toEqual([]);
  expect(outcomes.at(-1)?.status).toBe(200);
  expect(back).toBeLessThan(options.backWithin);
}

interface Course {
  readonly outcomes: readonly Outcome[];
  readonly failed: readonly Outcome[];
  readonly cutAt: number;
  readonly restored: number;
  /** From the link's return to the first answer. */
  readonly back: number;
}

async function cutUnderLoad(options: CutOptions): Promise<Course> {
  const { port } = await origin(hashEcho);
  const { client, link } = await linkedTunnel(port, { delay: 75, rate: 30 }, configuration(options));
  const load = new Load(client.httpPort, options.rate);
  await load.answered();
  const cutAt = performance.now();
  link.cut();
  await pause(options.cut);
  const answered = load.anyAnswered();
  const restored = performance.now();
  link.restore();
  const back = (await answered).end - restored;
  await load.answered();
  const outcomes = await load.stop();
  const failed = outcomes.filter(({ status }) => status !== 200);
  options.figures(
    `link cut for ${ms(options.cut)}: ${failed.length} of ${outcomes.length} requests failed (${summary(failed)}), the slowest ` +
      `failure after ${ms(Math.max(0, ...failed.map(duration)))}, first answer ${ms(back)} after the link's return`,
  );
  return { outcomes, failed, cutAt, restored, back };
}

function configuration(options: CutOptions) {
  return {
    transport: {
      max_idle_timeout: options.maxIdleTimeout,
      keep_alive_interval: options.keepAliveInterval,
    },
    system: { hold_timeout: options.holdTimeout, log_format: 'json' },
  };
}
