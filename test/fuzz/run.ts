/**
 * `npm run fuzz -- [TARGET …] [--runs N] [--seconds S] [--seed S] [--patience MS] [--keep]`: fuzzes the targets
 * named, or all, one after the other; each ends after N executions or S seconds. What breaks a rule is added to the
 * corpus, and the exit code is 1. With `--keep` the best inputs replace those of the corpus.
 */
import { parseArgs } from 'node:util';
import { addFinding, formatInput } from './corpus.ts';
import { supervise, type Verdict } from './supervise.ts';
import { ENDPOINT, TARGETS } from './targets.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: {
    runs: { type: 'string' },
    seconds: { type: 'string' },
    seed: { type: 'string', default: '1' },
    patience: { type: 'string', default: '30000' },
    keep: { type: 'boolean', default: false },
  },
});
const known = [...TARGETS.map(({ name }) => name), ENDPOINT];
const names = positionals.length === 0 ? known : positionals;
const unknown = names.filter((name) => !known.includes(name));
if (unknown.length > 0) {
  process.stderr.write(`no target ${unknown.join(', ')}; there are ${known.join(', ')}\n`);
  process.exit(2);
}

let broken = false;
for (const target of names) {
  const start = performance.now();
  const runs = numberOf(values.runs, values.seconds === undefined ? 1_000_000 : Number.POSITIVE_INFINITY);
  const seconds = numberOf(values.seconds, Number.POSITIVE_INFINITY);
  const job = { target, runs, seconds, seed: numberOf(values.seed, 1), keep: values.keep };
  const verdict = await supervise(job, numberOf(values.patience, 30_000));
  tell(target, verdict, (performance.now() - start) / 1000);
}
process.exit(broken ? 1 : 0);

function numberOf(text: string | undefined, otherwise: number): number {
  const value = text === undefined ? otherwise : Number(text);
  if (value > 0) return value;
  process.stderr.write(`not a number above 0: ${text}\n`);
  process.exit(2);
}

function tell(target: string, verdict: Verdict, seconds: number): void {
  const { executions } = verdict;
  const rate = Math.round(executions / seconds);
  const line = `${target}: ${executions} executions in ${seconds.toFixed(1)} s (${rate} a second)`;
  if (verdict.kind === 'done') {
    const { figures, findings } = verdict;
    process.stdout.write(`${line}, ${findings.length} findings ${JSON.stringify(figures)}\n`);
    for (const { input, message, stack } of findings) report(target, input, message, stack);
  } else report(target, verdict.input, `${verdict.kind}: ${verdict.reason}`, line);
}

function report(target: string, input: Uint8Array, message: string, details: string): void {
  broken = true;
  process.stdout.write(`\n${target}: ${message}\n  input: ${formatInput(input)}\n  ${details}\n`);
  if (input.length > 0 && target !== ENDPOINT) addFinding(target, input, message);
}
