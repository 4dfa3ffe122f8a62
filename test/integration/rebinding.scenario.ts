/** The client's NAT gives it another port again and again, under load. */
import { setTimeout as pause } from 'node:timers/promises';
import { expect } from 'vitest';
import { hashEcho } from '../support/origin.ts';
import { origin } from './ends.fixture.ts';
import type { Figures } from './figures.fixture.ts';
import { linkedTunnel } from './linked-ends.fixture.ts';
import { duration, Load, ms, summary } from './load.fixture.ts';

export interface RebindingOptions {
  /** How many times, and how many milliseconds lie between. */
  readonly changes: number;
  readonly interval: number;
  /** Requests a second. */
  readonly rate: number;
  /** One way, milliseconds. */
  readonly delay: number;
  readonly figures: Figures;
}

export async function rebind(options: RebindingOptions): Promise<void> {
  const { changes, interval, rate, delay, figures } = options;
  const { port } = await origin(hashEcho);
  const { client, link } = await linkedTunnel(port, { delay });
  const load = new Load(client.httpPort, rate);
  await load.answered();
  for (let count = 0; count < changes; count++) {
    link.rebind();
    await pause(interval);
  }
  const outcomes = await load.stop();
  const failed = outcomes.filter(({ status }) => status !== 200);
  const sessions = client.process.lines.filter((line) => line.includes('tunnel ready')).length;
  figures(
    `${changes} changes of the client's port, one every ${ms(interval)}: ${failed.length} of ${outcomes.length} requests failed ` +
      `(${summary(failed)}), slowest ${ms(Math.max(...outcomes.map(duration)))}, sessions: ${sessions}`,
  );
  expect(failed).toEqual([]);
  // A machine that stands still for a second may cost another.
  expect(sessions).toBeLessThanOrEqual(2);
}
