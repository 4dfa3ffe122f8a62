/**
 * `npm run faults -- [FAULT …] [--seconds S] [--rate N]`: the fault matrix. Each fault (a part of its name will do)
 * happens in the middle of S seconds under N requests a second. Exit code 1 when a rule was broken.
 */
import { parseArgs } from 'node:util';
import { setup, teardown } from '../support/build.ts';
import { FAULTS } from './faults.ts';
import type { Row } from './scenario.ts';

const { values, positionals } = parseArgs({
  allowPositionals: true,
  options: { seconds: { type: 'string', default: '60' }, rate: { type: 'string', default: '100' } },
});
const chosen = FAULTS.filter(
  ({ name }) => positionals.length === 0 || positionals.some((part) => name.includes(part)),
);
if (chosen.length === 0) {
  process.stderr.write(`no such fault; there are: ${FAULTS.map(({ name }) => name).join(', ')}\n`);
  process.exit(2);
}

setup();
process.on('exit', teardown);
const { complaints, underFault } = await import('./scenario.ts');
const broken: string[] = [];
print(['fault', 'sent', 'ok', 'hung', 'cut', 'mixed', 'twice', 'recovery', 'failed']);
for (const fault of chosen) {
  const row = await underFault(fault, Number(values.seconds), Number(values.rate));
  print(cells(row));
  for (const complaint of complaints(row)) broken.push(`${fault.name}: ${complaint}`);
}
for (const line of broken) process.stdout.write(`\n${line}`);
process.stdout.write(broken.length === 0 ? '\nno rule was broken\n' : '\n');
process.exit(broken.length === 0 ? 0 : 1);

function cells({ fault, sent, succeeded, failed, breaches, recovery }: Row): readonly (string | number)[] {
  const { hung, truncated, mixedUp, duplicated } = breaches;
  const reasons = [...failed].map(([status, count]) => `${count} × ${status}`).join(', ');
  return [fault, sent, succeeded, hung, truncated, mixedUp, duplicated, `${recovery.toFixed(1)} s`, reasons];
}

function print(row: readonly (string | number)[]): void {
  const widths = [20, 7, 7, 6, 6, 6, 6, 9, 0];
  process.stdout.write(
    `${row
      .map((cell, at) => String(cell).padEnd(widths[at] ?? 0))
      .join(' ')
      .trimEnd()}\n`,
  );
}
