/** What is measured of a tunnel over a wide-area link. Milliseconds, unless the name says otherwise. */

import { pause } from '../load/times.ts';
import type { Figures } from '../part.ts';
import { quantile } from '../stats.ts';
import type { Wan } from './tunnel.ts';

export interface Extent {
  /** Silence before each measurement, ms. */
  readonly idle: number;
  /** Seconds of steady requests. */
  readonly steady: number;
}

const SMALL = 100;
const BODY = 487_500;
const BULK = 10_000_000;

const STEADY_RATE = 40;
const BESIDE_RATE = 10;
const TRANSFERS = 5;

/** After the first fifty at once, for which the server end had to open connections to the origin, ms. */
const SETTLING = 1000;

/** Only of a fresh connection: what comes first. */
export async function coldDown(wan: Wan): Promise<Figures> {
  return { connect: wan.connected, [`${BODY} bytes down, cold`]: await wan.load.down(BODY) };
}

export async function coldUp({ load }: Wan): Promise<Figures> {
  return { [`${BODY} bytes up, cold`]: await load.up(BODY) };
}

export async function afterIdle({ load }: Wan, { idle }: Extent): Promise<Figures> {
  await pause(idle);
  const small = await load.down(SMALL);
  await pause(idle);
  const down = await load.down(BODY);
  await pause(idle);
  const up = await load.up(BODY);
  await pause(idle);
  const first = await load.atOnce(50, 1024);
  await pause(SETTLING);
  const burst = await load.atOnce(50, 1024);
  return {
    'small, after idle': small,
    [`${BODY} bytes down, after idle`]: down,
    [`${BODY} bytes up, after idle`]: up,
    '50 × 1 KB at once, after idle, slowest': Math.max(...first),
    '50 × 1 KB at once, slowest': Math.max(...burst),
  };
}

export async function bulk({ load }: Wan): Promise<Figures> {
  return { '10 MB down': await load.down(BULK), '10 MB up': await load.up(BULK) };
}

export async function steady({ load, link }: Wan, { steady: seconds }: Extent): Promise<Figures> {
  const before = await carried(link);
  const times = await load.steadily(SMALL, STEADY_RATE, (sent) => sent < STEADY_RATE * seconds);
  return {
    'steady 40/s, p50': quantile(times, 0.5),
    'steady 40/s, p90': quantile(times, 0.9),
    'steady 40/s, p99': quantile(times, 0.99),
    'bytes on the wire per steady request': ((await carried(link)) - before) / times.length,
  };
}

/** Small requests while large transfers go the same way, one after the other. */
export async function beside({ load }: Wan): Promise<Figures> {
  let over = false;
  const transfers = (async () => {
    for (let n = 0; n < TRANSFERS; n++) await load.down(BULK);
    over = true;
  })();
  const times = await load.steadily(SMALL, BESIDE_RATE, () => !over);
  await transfers;
  return {
    'small beside 10 MB, p50': quantile(times, 0.5),
    'small beside 10 MB, p99': quantile(times, 0.99),
  };
}

/** Since the link was made, both ways. */
export async function losses({ link }: Wan): Promise<Figures> {
  const { up, down } = await link.counters();
  const bytes = up.bytesIn + down.bytesIn;
  return { 'datagrams dropped': up.dropped + down.dropped, 'megabytes on the wire': bytes / 1e6 };
}

async function carried(link: Wan['link']): Promise<number> {
  const { up, down } = await link.counters();
  return up.bytesIn + down.bytesIn;
}
