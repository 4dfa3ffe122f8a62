import { steady } from './measurements.ts';
import type { Wan } from './tunnel.ts';
import type { WanLink } from './variant.ts';

const REQUESTS = 50_000;
const AT_ONCE = 100;
const BYTES_EACH_WAY = 1_000_000_000;
const BODY = 487_500;
const BODIES_AT_ONCE = 16;

/** How much faster the link is meanwhile: what is used up is used up, whatever the rate. */
const HASTE = 10;

/** How long the estimates have to learn what the link is like again, seconds. */
const LEARNING = 25;

/** Gives a session a past: 50,000 small requests and a gigabyte each way, dense and sparse. */
export async function age(wan: Wan, conditions: WanLink): Promise<void> {
  const { load, link } = wan;
  const { rate, queue } = conditions;
  both(link, { rate: HASTE * rate, queue: HASTE * queue, loss: 0, jitter: 0 });
  for (let n = 0; n < REQUESTS; n += AT_ONCE) await load.atOnce(AT_ONCE, 100);
  await steady(wan, { idle: 0, steady: 5 });
  for (let sent = 0; sent < BYTES_EACH_WAY; sent += BODIES_AT_ONCE * BODY) {
    const pairs = Array.from({ length: BODIES_AT_ONCE }, () => [load.down(BODY), load.up(BODY)]);
    await Promise.all(pairs.flat());
  }
  both(link, conditions);
  await steady(wan, { idle: 0, steady: LEARNING });
}

function both(link: Wan['link'], conditions: Partial<WanLink>): void {
  link.change('up', conditions);
  link.change('down', conditions);
}
