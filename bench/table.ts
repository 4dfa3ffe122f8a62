/** Results as Markdown tables. */
import { type Results, ratio } from './results.ts';
import { median } from './stats.ts';

/** What the others are compared with. */
const OURS = 'ptproxy';

/** All figures of a part, a line each. */
export function partTable(results: Results, part: string): string {
  const figures = results.figures[part] ?? {};
  const subjects = subjectsOf(figures);
  return table(
    ['', ...subjects],
    Object.entries(figures).map(([figure, values]) => [
      figure,
      ...subjects.map((subject) => cell(values, subject)),
    ]),
  );
}

/** The medians of all figures of a part, a line each. */
export function mediansTable(results: Results, part: string): string {
  const figures = results.figures[part] ?? {};
  const subjects = subjectsOf(figures);
  return table(
    ['', ...subjects],
    Object.entries(figures).map(([figure, values]) => [
      figure,
      ...subjects.map((subject) => number(median(values[subject] ?? []))),
    ]),
  );
}

/** Chosen figures, each of its part. */
export function figuresTable(results: Results, chosen: readonly (readonly [string, string])[]): string {
  const rows = chosen.flatMap(([part, figure]) => {
    const values = results.figures[part]?.[figure];
    return values === undefined ? [] : [{ figure, values }];
  });
  const subjects = subjectsOf(Object.fromEntries(rows.map(({ figure, values }) => [figure, values])));
  return table(
    ['', ...subjects],
    rows.map(({ figure, values }) => [figure, ...subjects.map((subject) => cell(values, subject))]),
  );
}

/** Of ends, by layer: what each took, and all together. */
export function layersTable(ends: Readonly<Record<string, Readonly<Record<string, number>>>>): string {
  const names = Object.keys(ends);
  const layers = [...new Set(Object.values(ends).flatMap((end) => Object.keys(end)))];
  const rows = layers.map((layer) => ({ layer, values: names.map((name) => ends[name]?.[layer] ?? 0) }));
  rows.sort((one, other) => total(other.values) - total(one.values));
  const sums = names.map((name) => number(total(Object.values(ends[name] ?? {}))));
  return table(
    ['', ...names],
    [...rows.map(({ layer, values }) => [layer, ...values.map(number)]), ['all', ...sums]],
  );
}

const total = (values: readonly number[]): number => values.reduce((sum, value) => sum + value, 0);

type Values = Readonly<Record<string, readonly number[]>>;

function subjectsOf(figures: Readonly<Record<string, Values>>): string[] {
  return [...new Set(Object.values(figures).flatMap((values) => Object.keys(values)))];
}

/** The median; for others, how many times that ours is, and the least and the most of the rounds. */
function cell(values: Values, subject: string): string {
  const theirs = values[subject];
  const ours = values[OURS];
  if (theirs === undefined) return '–';
  const own = number(median(theirs));
  if (subject === OURS || ours === undefined) return own;
  const { median: middle, least, most } = ratio(ours, theirs);
  if (!Number.isFinite(middle)) return own;
  if (ours.length === 1) return `${own} (${factor(middle)})`;
  return `${own} (${factor(middle)}; ${factor(least)}–${factor(most)})`;
}

function number(value: number): string {
  if (Number.isNaN(value)) return '–';
  const digits = Math.abs(value) >= 100 ? 0 : Math.abs(value) >= 10 ? 1 : 2;
  return Number(value.toFixed(digits)).toLocaleString('en');
}

function factor(value: number): string {
  return `×${value.toPrecision(2)}`;
}

/** Padded, as the formatter of the repository would do. */
function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const widths = head.map((_, column) =>
    Math.max(3, ...[head, ...rows].map((row) => row[column]?.length ?? 0)),
  );
  const line = (cells: readonly string[]): string =>
    `| ${cells.map((text, column) => text.padEnd(widths[column] ?? 0)).join(' | ')} |`;
  return [line(head), line(widths.map((width) => '-'.repeat(width))), ...rows.map(line)].join('\n');
}
