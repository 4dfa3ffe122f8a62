/**
 * `npm run bench:wan`: both ends as processes, the emulated link between them, and the requests that the program
 * exists for. Prints a table of medians.
 */
import { parseArgs } from 'node:util';
import { startDemoOrigin } from '../src/demo/origin.ts';
import { startTunnel, type TunnelPair } from '../test/support/tunnel.ts';
import { closeConnections, pause, time, timeSteadily } from './load/times.ts';
import { median, quantile } from './stats.ts';

const { values } = parseArgs({
  options: {
    rtt: { type: 'string', default: '150' },
    rate: { type: 'string', default: '30' },
    queue: { type: 'string', default: '600' },
    loss: { type: 'string', default: '0' },
    jitter: { type: 'string', default: '0' },
    algorithm: { type: 'string', default: 'Bbr' },
    window: { type: 'string', default: '562500' },
    untuned: { type: 'boolean', default: false },
    runs: { type: 'string', default: '5' },
    idle: { type: 'string', default: '5000' },
    steady: { type: 'string', default: '10' },
    set: { type: 'string', multiple: true, default: [] },
    aged: { type: 'boolean', default: false },
  },
});

const BODY = 487_500;
const BULK = 10_000_000;
const link = {
  delay: Number(values.rtt) / 2,
  rate: Number(values.rate),
  queue: Number(values.queue) * 1024,
  loss: Number(values.loss),
  jitter: Number(values.jitter),
};

interface Sample {
  readonly [what: string]: number;
}

function transport(): Record<string, string | number> {
  const tuned = { initial_rtt: Number(values.rtt), initial_window: Number(values.window) };
  const extra = Object.fromEntries(
    values.set.map((pair) => {
      const [key = '', value = ''] = pair.split('=');
      return [key, Number.isNaN(Number(value)) ? value : Number(value)];
    }),
  );
  return { congestion_algorithm: values.algorithm, ...(values.untuned ? {} : tuned), ...extra };
}

async function withTunnel(originPort: number, seed: number, measure: (pair: TunnelPair) => Promise<Sample>) {
  const config = { transport: transport() };
  const pair = await startTunnel({
    originPort,
    client: { config },
    server: { config },
    link: { ...link, seed },
  });
  try {
    if (values.aged) await age(pair);
    return await measure(pair);
  } finally {
    await pair.stop();
  }
}

/**
 * Gives a session a past: 50,000 small requests and a gigabyte each way, dense and sparse. The link is ten times as
 * fast meanwhile, which makes no difference to what has been used up afterwards.
 */
async function age({ client, link: wan }: TunnelPair): Promise<void> {
  const port = client.httpPort;
  const fast = { rate: 10 * link.rate, queue: 10 * link.queue, loss: 0, jitter: 0 };
  wan?.change('up', fast);
  wan?.change('down', fast);
  for (let n = 0; n < 500; n++) {
    await Promise.all(Array.from({ length: 100 }, () => time({ port, path: '/bytes/100' })));
  }
  await timeSteadily({ port, path: '/bytes/2000' }, 50, 5);
  for (let n = 0; n < 100; n += 4) {
    const four = Array.from({ length: 4 }, () => [
      time({ port, path: `/bytes/${BULK}` }),
      time({ port, path: '/count', upload: BULK }),
    ]);
    await Promise.all(four.flat());
  }
  wan?.change('up', link);
  wan?.change('down', link);
  // The estimates of the session learn what the link is like again.
  await timeSteadily({ port, path: '/bytes/100' }, 20, 15);
}

async function measureDown({ client, link: wan }: TunnelPair): Promise<Sample> {
  const port = client.httpPort;
  const idle = Number(values.idle);
  const cold = await time({ port, path: `/bytes/${BODY}` });
  await pause(idle);
  const small = await time({ port, path: '/bytes/100' });
  await pause(idle);
  const warm = await time({ port, path: `/bytes/${BODY}` });
  await pause(idle);
  const burst = await Promise.all(Array.from({ length: 50 }, () => time({ port, path: '/bytes/1024' })));
  const bulk = await time({ port, path: `/bytes/${BULK}` });
  return { down_cold: cold, small, down_idle: warm, burst: Math.max(...burst), bulk, dropped: dropped(wan) };
}

async function measureUp({ client, link: wan }: TunnelPair): Promise<Sample> {
  const port = client.httpPort;
  const cold = await time({ port, path: '/count', upload: BODY });
  await pause(Number(values.idle));
  const warm = await time({ port, path: '/count', upload: BODY });
  const bulk = await time({ port, path: '/count', upload: BULK });
  return { up_cold: cold, up_idle: warm, bulk_up: bulk, dropped_up: dropped(wan) };
}

async function measureSteady({ client, link: wan }: TunnelPair): Promise<Sample> {
  const before = wan === undefined ? 0 : wan.counters.up.bytesIn + wan.counters.down.bytesIn;
  const times = await timeSteadily({ port: client.httpPort, path: '/bytes/100' }, 40, Number(values.steady));
  const after = wan === undefined ? 0 : wan.counters.up.bytesIn + wan.counters.down.bytesIn;
  return {
    steady_p50: quantile(times, 0.5),
    steady_p90: quantile(times, 0.9),
    steady_p99: quantile(times, 0.99),
    steady_max: Math.max(...times),
    steady_bytes: (after - before) / times.length,
  };
}

function dropped(wan: TunnelPair['link']): number {
  return wan === undefined ? 0 : wan.counters.up.dropped + wan.counters.down.dropped;
}

const origin = await startDemoOrigin();
const samples: Sample[] = [];
for (let run = 1; run <= Number(values.runs); run++) {
  const down = await withTunnel(origin.port, run, measureDown);
  const up = await withTunnel(origin.port, run, measureUp);
  const steady = await withTunnel(origin.port, run, measureSteady);
  samples.push({ ...down, ...up, ...steady });
  console.error(
    `run ${run}:`,
    JSON.stringify(samples.at(-1), (_, v) => (typeof v === 'number' ? Math.round(v) : v)),
  );
}
for (const what of Object.keys(samples[0] ?? {})) {
  console.log(`${what.padEnd(14)} ${median(samples.map((sample) => sample[what] ?? Number.NaN)).toFixed(0)}`);
}
closeConnections();
await origin.stop();
