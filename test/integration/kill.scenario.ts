/** The server end dies under load and comes back on the same port. */
import { performance } from 'node:perf_hooks';
import { expect } from 'vitest';
import { fetchWhole } from '../support/http-client.ts';
import { hashEcho } from '../support/origin.ts';
import { clientEnd, origin, serverEnd } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { later } from './later.fixture.ts';

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

interface Attempt {
  readonly start: number;
  readonly end: number;
  /** 0: the connection was cut. */
  readonly status: number;
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
  expect(failed.every(({ status }) => status === 0 || status === 502 || status === 503)).toBe(true);
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

/** Requests at a steady rate, whatever becomes of them. */
class Load {
  readonly #port: number;
  readonly #attempts: Promise<Attempt>[] = [];
  readonly #timer: NodeJS.Timeout;
  #onAnswer: (() => void) | undefined;

  constructor(port: number, rate: number) {
    this.#port = port;
    this.#timer = setInterval(() => this.#attempts.push(this.#attempt()), 1000 / rate);
  }

  /** Resolves when a request that starts from now on is answered with 200. */
  async answered(): Promise<void> {
    const answer = later<void>();
    const since = performance.now();
    this.#onAnswer = () => answer.happen();
    this.#since = since;
    await answer.happened;
  }

  #since = 0;

  /** Starts no more, and resolves when the last one has ended. */
  async stop(): Promise<readonly Attempt[]> {
    clearInterval(this.#timer);
    return Promise.all(this.#attempts);
  }

  async #attempt(): Promise<Attempt> {
    const start = performance.now();
    const status = await fetchWhole({ port: this.#port, body: 'content' }).then(
      (answer) => answer.status,
      () => 0,
    );
    if (status === 200 && start >= this.#since) this.#onAnswer?.();
    return { start, end: performance.now(), status };
  }
}

function summary(attempts: readonly Attempt[]): string {
  const counts = new Map<number, number>();
  for (const { status } of attempts) counts.set(status, (counts.get(status) ?? 0) + 1);
  return [...counts].map(([status, count]) => `${count} × ${status || 'cut'}`).join(', ') || 'none';
}

function ms(milliseconds: number): string {
  return `${milliseconds.toFixed(0)} ms`;
}
