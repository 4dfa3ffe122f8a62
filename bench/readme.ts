/**
 * `npm run bench:readme`: writes the figures of the last `npm run bench` and `npm run bench:layers` into README.md and
 * docs/performance.md, between their markers.
 */
import { readFileSync, writeFileSync } from 'node:fs';
import { load } from './results.ts';
import { figuresTable, layersTable, partTable } from './table.ts';

const RESULTS = 'bench/results/loopback.json';
const LAYERS = 'bench/results/layers.json';
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

const PARTS = {
  requests: 'Requests of 1 KB, by connections',
  latency: 'Latency at a fixed rate',
  bulk: 'Bodies of 10 MB, by how many at once',
  mixed: 'Small requests beside a large transfer',
  memory: 'Memory of connections, requests and WebSockets',
  idle: 'At rest',
  aging: 'A million requests',
};

const results = load(RESULTS);
const { processor, cores } = results.machine;
const where = `${cores} cores of a ${processor}, everything on one host, medians:`;

const parts = Object.entries(PARTS)
  .filter(([part]) => results.figures[part] !== undefined)
  .map(([part, title]) => `**${title}**\n\n${partTable(results, part)}`);
const layers = `**Microseconds of processor time of a request, by layer**\n\n${layersTable(JSON.parse(readFileSync(LAYERS, 'utf8')))}`;

write('README.md', `${where}\n\n${figuresTable(results, CHOSEN)}`);
write('docs/performance.md', [where, ...parts, layers].join('\n\n'));

function write(file: string, figures: string): void {
  const text = readFileSync(file, 'utf8');
  const [before, after] = [text.indexOf(BEGIN), text.indexOf(END)];
  if (before === -1 || after === -1) throw new Error(`${file} has no ${BEGIN} and ${END}`);
  writeFileSync(file, `${text.slice(0, before + BEGIN.length)}\n\n${figures}\n\n${text.slice(after)}`);
}
