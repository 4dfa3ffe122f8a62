import { it } from 'vitest';
import { cutForAMoment, cutForLong } from '../integration/link-cut.scenario.ts';
import { print } from './print.ts';

const DEFAULTS = {
  rate: 50,
  holdTimeout: 10_000,
  maxIdleTimeout: 5000,
  keepAliveInterval: 2000,
  backWithin: 2000,
  grace: 1500,
  figures: print,
};

it.each([1, 2, 3])('a link that is cut for 3 s costs no request (%i)', async () => {
  await cutForAMoment({ ...DEFAULTS, cut: 3000 });
});

// Lengths that find the attempts to connect at different points.
it.each([60_000, 61_300, 63_100, 64_900])(
  'a link that is cut for %i ms: 503 and 504 in time, and back within 2 s',
  async (cut) => {
    await cutForLong({ ...DEFAULTS, cut });
  },
);
