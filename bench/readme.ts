/** `npm run bench:readme`: writes the chosen figures of the last results into README.md, between its markers. */
import { readFileSync, writeFileSync } from 'node:fs';
import { load } from './results.ts';
import { figuresTable } from './table.ts';

const RESULTS = 'bench/results/loopback.json';
const DOCUMENT = 'README.md';
const BEGIN = '<!-- what npm run bench:readme wrote -->';
const END = '<!-- until here -->';

const CHOSEN = [
  ['requests', 'requests/s, 64'],
  ['requests', 'client CPU µs/request, 64'],
  ['requests', 'server CPU µs/request, 64'],
  ['requests', 'latency p50, 1 (ms)'],
  ['requests', 'latency p99, 1 (ms)'],
  ['bulk', 'MB/s down, 8'],
  ['bulk', 'MB/s up, 8'],
  ['memory', 'client KB each, 10000 active'],
  ['memory', 'server KB each, 10000 active'],
] as const;

const results = load(RESULTS);
const text = readFileSync(DOCUMENT, 'utf8');
const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
if (before === -1 || after === -1) throw new Error(`${DOCUMENT} has no ${BEGIN} and ${END}`);
const { processor, cores } = results.machine;
const where = `${cores} cores of a ${processor}, everything on one host, medians:`;
writeFileSync(
  DOCUMENT,
  `${text.slice(0, before + BEGIN.length)}\n\n${where}\n\n${figuresTable(results, CHOSEN)}\n\n${text.slice(after)}`,
);
