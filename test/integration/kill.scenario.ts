/** The server end dies under load and comes back on the same port. */
import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
import { hashEcho } from '../support/origin.ts';
import { clientEnd, origin, serverEnd } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { Load, ms, summary } from './load.fixture.ts';

export interface KillOptions {
  /** Requests a second. */
  readonly rate: number;
  /** Milliseconds, as in the configuration. */
  readonly maxIdleTimeout: number;
  readonly keepAliveInterval: number;
  readonly connectInterval: number;
  readonly holdTimeout: number;
  readonly figures: Figures;
}

/** What the restart of a process may add, in milliseconds. */
const GRACE = 1000;

/**
 * Kills the server end with SIGKILL while requests come at a steady rate, starts it again at once, and expects
 * answers again within `max_idle_timeout` + `connect_interval` + 1 s of the new one's start, and no request to hang.
 */
export async function killAndRestart(options: KillOptions): Promise<void> {
  const { port } = await origin(hashEcho);
  const config = configuration(options);
  const first = await serverEnd(port, { config });
  const client = await clientEnd(first.quicPort, { config });
  await client.process.waitForLog(/tunnel ready/);
  const load = new Load(client.httpPort, options.rate);
  await load.answered();

  const killed = performance.now();
  first.process.signal('SIGKILL');
  await first.process.exited;
  await serverEnd(port, { config: { ...config, general: { quic_port: first.quicPort } } });
  const restarted = performance.now();
  await load.answered();
  const back = performance.now();
  await load.answered();
  const attempts = await load.stop();

  const slowest = Math.max(...attempts.map(({ start, end }) => end - start));
  const failed = attempts.filter(({ status }) => status !== 200);
  options.figures(
    `kill -9 at ${options.rate} requests a second: down for ${ms(restarted - killed)}, answers again ${ms(back - killed)} after ` +
      `the kill; ${failed.length} of ${attempts.length} failed (${summary(failed)}), slowest ${ms(slowest)}`,
  );
  const limit = options.maxIdleTimeout + options.connectInterval + GRACE;
  expect(back - restarted).toBeLessThan(limit);
  expect(failed.every(({ status }) => [0, 502, 503, 504].includes(status))).toBe(true);
  expect(failed.filter(({ start }) => start > back)).toEqual([]);
  expect(slowest).toBeLessThan(limit + options.holdTimeout + (restarted - killed));
}

function configuration(options: KillOptions) {
  return {
    transport: {
      max_idle_timeout: options.maxIdleTimeout,
      keep_alive_interval: options.keepAliveInterval,
    },
    system: {
      connect_interval: options.connectInterval,
      hold_timeout: options.holdTimeout,
      log_format: 'json',
    },
  };
}
