/** Results: all values of all rounds as JSON, and what they come to. */
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs';
import { arch, availableParallelism, cpus, release, totalmem } from 'node:os';
import { dirname } from 'node:path';
import type { Figures } from './part.ts';
import { median } from './stats.ts';
import type { Subject } from './subject.ts';

export interface Results {
  readonly machine: Readonly<Record<string, string | number>>;
  /** Of everything that took part. */
  readonly versions: Readonly<Record<string, string>>;
  readonly descriptions: Readonly<Record<string, string>>;
  /** Part, figure, subject: its values by round. Values with one index are of one round, one beside the other. */
  readonly figures: Record<string, Record<string, Record<string, number[]>>>;
}

export function emptyResults(
  subjects: readonly Subject[],
  versions: Readonly<Record<string, string>>,
): Results {
  const of = (text: (subject: Subject) => string): Record<string, string> =>
    Object.fromEntries(subjects.map((subject) => [subject.name, text(subject)]));
  return {
    machine: {
      processor: cpus()[0]?.model ?? 'unknown',
      cores: availableParallelism(),
      memory: totalmem(),
      kernel: release(),
      architecture: arch(),
      node: process.versions.node,
    },
    versions: { ...versions, ...of(({ version }) => version ?? '') },
    descriptions: of(({ description }) => description),
    figures: {},
  };
}

/** Adds the figures of one subject in one round. */
export function add(results: Results, part: string, subject: string, figures: Figures): void {
  results.figures[part] ??= {};
  const ofPart = results.figures[part];
  for (const [figure, value] of Object.entries(figures)) {
    ofPart[figure] ??= {};
    ofPart[figure][subject] ??= [];
    ofPart[figure][subject].push(value);
  }
}

/** A ratio of two subjects, taken round by round: what the machine did meanwhile happened to both. */
export interface Ratio {
  readonly median: number;
  readonly least: number;
  readonly most: number;
}

export function ratio(ours: readonly number[], theirs: readonly number[]): Ratio {
  const ratios = ours.map((value, round) => value / (theirs[round] ?? Number.NaN));
  return { median: median(ratios), least: Math.min(...ratios), most: Math.max(...ratios) };
}

/** Writes the results, over those of the same parts that the file has already. */
export function save(file: string, results: Results): void {
  mkdirSync(dirname(file), { recursive: true });
  writeFileSync(file, `${JSON.stringify(results, rounded, 1)}\n`);
}

export function load(file: string): Results {
  return JSON.parse(readFileSync(file, 'utf8'));
}

function rounded(_key: string, value: unknown): unknown {
  return typeof value === 'number' ? Number(value.toPrecision(5)) : value;
}
