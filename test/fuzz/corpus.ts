/**
 * Inputs kept in the repository: `corpus/TARGET.txt`, one a line, as a JSON string with one character for each byte.
 * Inputs that once broke a rule have a comment above them, with `#`, and are never dropped.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import { failure } from './fuzzer.ts';
import type { Target } from './target.ts';
import { Trace } from './trace.ts';

/** An input, and why it must stay. */
interface Entry {
  readonly input: Uint8Array;
  readonly comment: string | undefined;
}

/** Inputs kept of a target, beside those that broke a rule, and how long one may be. */
const MOST_INPUTS = 48;
const LONGEST_INPUT = 400;

/** The inputs of a target, in the order of the file. */
export function readCorpus(target: string): readonly Uint8Array[] {
  return readEntries(target).map(({ input }) => input);
}

/** Adds an input that broke a rule. */
export function addFinding(target: string, input: Uint8Array, message: string): void {
  const comment = message.split('\n')[0] ?? '';
  writeEntries(target, [...readEntries(target), { input, comment }]);
}

/** Replaces what the file has by the smallest inputs that together do all that those and `candidates` do. */
export async function keepBest(target: Target, candidates: readonly Uint8Array[]): Promise<void> {
  const entries = readEntries(target.name);
  const pinned = entries.filter(({ comment }) => comment !== undefined);
  const all = [...entries.map(({ input }) => input), ...candidates]
    .filter(({ length }) => length <= LONGEST_INPUT)
    .sort((a, b) => a.length - b.length);
  const trace = new Trace();
  const best: { input: Uint8Array; news: number }[] = [];
  for (const input of all) {
    const before = trace.known;
    trace.start();
    await target.run(input, trace);
    if (trace.isNews()) best.push({ input, news: trace.known - before });
  }
  best.sort((a, b) => b.news - a.news);
  const kept = best.slice(0, MOST_INPUTS).map(({ input }) => ({ input, comment: undefined }));
  writeEntries(target.name, [...pinned, ...kept]);
}

/** The first input of the corpus, or of the seeds, that breaks a rule, as text with the rule; `undefined`: none. */
export async function firstFailure(target: Target): Promise<string | undefined> {
  for (const input of [...target.seeds, ...readCorpus(target.name)]) {
    const error = await failure(target, input);
    if (error !== undefined) return `${formatInput(input)}: ${String(error)}`;
  }
  return undefined;
}

/** An input as the file has it. */
export function formatInput(input: Uint8Array): string {
  return JSON.stringify(Buffer.from(input).toString('latin1')).replace(
    /[\x7f-\xff]/g,
    (character) => `\\u00${character.charCodeAt(0).toString(16)}`,
  );
}

const fileOf = (target: string): string => fileURLToPath(new URL(`./corpus/${target}.txt`, import.meta.url));

function readEntries(target: string): Entry[] {
  const file = fileOf(target);
  if (!existsSync(file)) return [];
  const entries: Entry[] = [];
  let comment: string | undefined;
  for (const line of readFileSync(file, 'utf8').split('\n')) {
    if (line.startsWith('#')) comment = line.slice(1).trim();
    if (!line.startsWith('"')) continue;
    entries.push({ input: Buffer.from(JSON.parse(line), 'latin1'), comment });
    comment = undefined;
  }
  return entries;
}

function writeEntries(target: string, entries: readonly Entry[]): void {
  const lines = entries.map(({ input, comment }) =>
    comment === undefined ? formatInput(input) : `# ${comment}\n${formatInput(input)}`,
  );
  writeFileSync(fileOf(target), `${lines.join('\n')}\n`);
}
