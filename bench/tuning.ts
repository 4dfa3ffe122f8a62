/**
 * `npm run bench:tuning`: writes the figures of bench/results/wan*.json into docs/tuning.md, between its markers, and
 * draws them as docs/tuning.svg.
 */
import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { barChart } from './chart.ts';
import { load, type Results } from './results.ts';
import { median } from './stats.ts';
import { mediansTable } from './table.ts';

const DOCUMENT = 'docs/tuning.md';
const CHART = 'docs/tuning.svg';
const PART = 'wan';

/** Results by what the link was like, in the order of the document. */
const RUNS = [
  ['wan', 'A queue of 600 KB, no loss'],
  ['wan-short-queue', 'A queue of 64 KB'],
  ['wan-loss', '1 % loss each way'],
  ['wan-loss-redundancy-off', '1 % loss each way, `redundancy = "Off"`'],
  ['wan-loss-redundancy-on', '1 % loss each way, `redundancy = "On"`'],
  ['wan-aged', 'After 50,000 requests and 1 GB each way over the same session'],
] as const;

/** What the chart shows, and the least that the link allows (ms). */
const CHARTED = [
  ['487500 bytes down, cold', 280],
  ['487500 bytes down, after idle', 280],
  ['487500 bytes up, cold', 280],
  ['50 × 1 KB at once, slowest', 165],
  ['small, after idle', 150],
] as const;

const fileOf = (name: string): string => `bench/results/${name}.json`;

function tables(): string {
  const present = RUNS.filter(([name]) => existsSync(fileOf(name)));
  return present
    .map(([name, title]) => `**${title}**\n\n${mediansTable(load(fileOf(name)), PART)}`)
    .join('\n\n');
}

function chart(results: Results): string {
  const groups = CHARTED.map(([figure, limit]) => {
    const bySubject = Object.entries(results.figures[PART]?.[figure] ?? {});
    const bars = bySubject.map(([subject, values]) => ({ name: subject, value: median(values) }));
    return { title: figure, limit, bars };
  });
  return barChart({ title: 'Milliseconds at 150 ms and 30 Mbit/s', limitName: 'limit of the link', groups });
}

/** Replaces what stands between the markers of `name`. */
function replaceBetween(text: string, name: string, content: string): string {
  const [begin, end] = [`<!-- ${name}: written by npm run bench:tuning -->`, `<!-- end of ${name} -->`];
  const [from, to] = [text.indexOf(begin), text.indexOf(end)];
  if (from === -1 || to === -1) throw new Error(`${DOCUMENT} has no ${begin} and ${end}`);
  return `${text.slice(0, from + begin.length)}\n\n${content}\n\n${text.slice(to)}`;
}

const base = load(fileOf('wan'));
const { processor, cores } = base.machine;
const where = `${cores} cores of a ${processor}; milliseconds where nothing else is said; medians of several runs.`;
const text = readFileSync(DOCUMENT, 'utf8');
writeFileSync(DOCUMENT, replaceBetween(text, 'figures', `${where}\n\n${tables()}`));
writeFileSync(CHART, chart(base));
