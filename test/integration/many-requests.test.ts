import { it } from 'vitest';
import { quiet } from './figures.fixture.ts';
import { makeManyRequests } from './many-requests.scenario.ts';

it('200 requests, 100 at once, with bodies up to 300 KB both ways, are all answered right', async () => {
  await makeManyRequests({ requests: 200, atOnce: 100, largest: 300_000, figures: quiet });
});
