/** Resident memory of the ends while something goes on. */
import type { CliProcess } from '../support/process.ts';

const INTERVAL = 100;

/** In bytes. */
export interface Residence {
  readonly first: number;
  readonly peak: number;
  readonly last: number;
  /** Every 100 ms. */
  readonly samples: readonly number[];
}

/** Runs `work` and samples the memory of each process every 100 ms meanwhile. */
export async function watchMemory<T>(
  processes: readonly CliProcess[],
  work: () => Promise<T>,
): Promise<{ readonly result: T; readonly memory: readonly Residence[] }> {
  const samples = processes.map((process) => [process.rss()]);
  const take = (): void => {
    for (const [index, process] of processes.entries()) samples[index]?.push(process.rss());
  };
  const timer = setInterval(take, INTERVAL);
  try {
    const result = await work();
    take();
    return { result, memory: samples.map(residence) };
  } finally {
    clearInterval(timer);
  }
}

function residence(samples: readonly number[]): Residence {
  return {
    first: samples[0] ?? 0,
    peak: Math.max(...samples),
    last: samples.at(-1) ?? 0,
    samples,
  };
}

/** Bytes as megabytes (10⁶), for figures that people read. */
export function megabytes(bytes: number): string {
  return `${(bytes / 1e6).toFixed(1)} MB`;
}
