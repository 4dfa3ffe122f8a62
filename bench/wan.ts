/**
 * `npm run bench:wan`: both ends as processes, the emulated link between them, and the requests that the program
 * exists for. Prints a table of medians, variants of the settings side by side and taken in turns.
 */
import { parseArgs } from 'node:util';
import { keepAwake } from './awake.ts';
import { startOrigin } from './origin.ts';
import type { Figures } from './part.ts';
import { add, emptyResults, type Results, save } from './results.ts';
import { mediansTable } from './table.ts';
import { age } from './wan/aging.ts';
import { afterIdle, beside, bulk, coldDown, coldUp, losses, steady } from './wan/measurements.ts';
import { type Wan, withTunnel } from './wan/tunnel.ts';
import { type Variant, variant, type WanLink } from './wan/variant.ts';

const { values } = parseArgs({
  options: {
    rtt: { type: 'string', default: '150' },
    rate: { type: 'string', default: '30' },
    queue: { type: 'string', default: '600' },
    loss: { type: 'string', default: '0' },
    jitter: { type: 'string', default: '0' },
    variants: { type: 'string', default: 'Bbr,untuned,Cubic,NewReno,None' },
    runs: { type: 'string', default: '5' },
    idle: { type: 'string', default: '5000' },
    steady: { type: 'string', default: '10' },
    set: { type: 'string', multiple: true, default: [] },
    aged: { type: 'boolean', default: false },
    awake: { type: 'boolean', default: false },
    out: { type: 'string' },
  },
});

const link: WanLink = {
  delay: Number(values.rtt) / 2,
  rate: Number(values.rate),
  queue: Number(values.queue) * 1000,
  loss: Number(values.loss),
  jitter: Number(values.jitter),
};
const extent = { idle: Number(values.idle), steady: Number(values.steady) };
const runs = Number(values.runs);

function extraKeys(): Record<string, string | number> {
  return Object.fromEntries(
    values.set.map((pair) => {
      const [key = '', value = ''] = pair.split('=');
      return [key, Number.isNaN(Number(value)) ? value : Number(value)];
    }),
  );
}

/** Everything that a session shows after its first transfer. */
async function later(wan: Wan): Promise<Figures> {
  return {
    ...(await afterIdle(wan, extent)),
    ...(await bulk(wan)),
    ...(await steady(wan, extent)),
    ...(await beside(wan)),
  };
}

async function fresh(port: number, chosen: Variant, seed: number): Promise<Figures> {
  const up = await withTunnel(port, chosen, { ...link, seed: 100 + seed }, coldUp);
  return withTunnel(port, chosen, { ...link, seed }, async (wan) => {
    const first = await coldDown(wan);
    return { ...first, ...up, ...(await later(wan)), ...(await losses(wan)) };
  });
}

/** One session that grows old once, and is then measured again and again. */
async function aged(port: number, chosen: Variant, take: (figures: Figures) => void): Promise<void> {
  await withTunnel(port, chosen, { ...link, seed: 1 }, async (wan) => {
    await age(wan, link);
    for (let run = 0; run < runs; run++) {
      const before = await losses(wan);
      const figures = await later(wan);
      const after = await losses(wan);
      take({
        ...figures,
        ...Object.fromEntries(Object.entries(after).map(([k, v]) => [k, v - (before[k] ?? 0)])),
      });
    }
  });
}

function take(results: Results, chosen: Variant, figures: Figures): void {
  add(results, PART, chosen.name, figures);
  const rounded = Object.entries(figures).map(([name, value]) => `${name} ${value.toFixed(0)}`);
  console.error(`${chosen.name}: ${rounded.join(', ')}`);
}

const PART = 'wan';
if (values.awake) keepAwake();
const origin = await startOrigin();
const results = emptyResults([], {});
const variants = values.variants.split(',').map((name) => variant(name, link, extraKeys()));
if (values.aged) {
  for (const chosen of variants) await aged(origin.port, chosen, (figures) => take(results, chosen, figures));
} else {
  for (let run = 1; run <= runs; run++) {
    for (const chosen of variants) take(results, chosen, await fresh(origin.port, chosen, run));
  }
}
console.log(mediansTable(results, PART));
if (values.out !== undefined) save(values.out, results);
await origin.stop();
