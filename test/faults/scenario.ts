import { setTimeout as pause } from 'node:timers/promises';
import type { Fault } from './faults.ts';
import { Ledger } from './ledger.ts';
import { Load } from './load.ts';
import { World } from './world.ts';

/** What became of the load under one fault. */
export interface Row {
  readonly fault: string;
  readonly sent: number;
  readonly succeeded: number;
  /** How often each status, or each way of being cut off. */
  readonly failed: ReadonlyMap<string, number>;
  readonly breaches: Ledger['breaches'];
  /** Seconds from the end of the fault until every request succeeded that began from then on. */
  readonly recovery: number;
}

/** Most of it, seconds; and how long a request may take that began under the fault, ms. */
export const LONGEST_RECOVERY = 5;
const PATIENCE = 30_000;

/** Shares of the time before the fault and of the fault; at least so much is left for the time after it, ms. */
const BEFORE = 0.15;
const DURING = 0.5;
const LEAST_AFTER = 7000;

/** Lets `fault` happen in the middle of `seconds` under `rate` requests a second. */
export async function underFault(fault: Fault, seconds: number, rate: number): Promise<Row> {
  const ledger = new Ledger();
  const world = await World.start(ledger);
  try {
    const load = new Load(world.httpPort, rate, ledger);
    const total = seconds * 1000;
    await pause(total * BEFORE);
    await fault.begin(world);
    await pause(Math.min(total * DURING, fault.longest ?? Number.POSITIVE_INFINITY));
    await fault.end(world);
    const ended = performance.now();
    await pause(Math.max(LEAST_AFTER, total * (1 - BEFORE - DURING)));
    await load.stop(PATIENCE);
    const { sent, succeeded, statuses, breaches } = ledger;
    return {
      fault: fault.name,
      sent,
      succeeded,
      failed: statuses,
      breaches,
      recovery: recovery(ledger, ended),
    };
  } finally {
    // What is stopped cannot be asked to end.
    for (const end of ['client', 'server'] as const) world.signal(end, 'SIGCONT');
    await world.stop();
  }
}

/** Seconds from `ended` until all was well again. */
export function recovery(
  { failures, successes }: Pick<Ledger, 'failures' | 'successes'>,
  ended: number,
): number {
  const last = Math.max(ended, ...failures);
  const first = Math.min(...successes.filter(({ start }) => start > last).map(({ end }) => end));
  return (first - ended) / 1000;
}

/** What is wrong with a row, in words. */
export function complaints({ breaches, recovery }: Row): readonly string[] {
  const { hung, truncated, mixedUp, duplicated } = breaches;
  return [
    ...(hung > 0 ? [`${hung} requests hung`] : []),
    ...(truncated > 0 ? [`${truncated} messages were cut and told to be complete`] : []),
    ...(mixedUp > 0 ? [`${mixedUp} messages had what belongs to another`] : []),
    ...(duplicated > 0 ? [`${duplicated} requests that are not idempotent came to the origin twice`] : []),
    ...(recovery <= LONGEST_RECOVERY ? [] : [`it took ${recovery.toFixed(1)} s until all was well again`]),
  ];
}
