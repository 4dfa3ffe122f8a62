import { it } from 'vitest';
import { makeManyRequests } from '../integration/many-requests.scenario.ts';
import { print } from './print.ts';

it('2,000 requests, 500 at once, with bodies up to 1 MB both ways, are all answered right', async () => {
  await makeManyRequests({ requests: 2000, atOnce: 500, largest: 1_000_000, figures: print });
});
