import { it } from 'vitest';
import { quiet } from './figures.fixture.ts';
import { cutForAMoment, cutForLong } from './link-cut.scenario.ts';

it('a cut shorter than max_idle_timeout and hold_timeout costs no request', async () => {
  await cutForAMoment({
    cut: 2000,
    rate: 30,
    holdTimeout: 10_000,
    maxIdleTimeout: 5000,
    keepAliveInterval: 2000,
    backWithin: 10_000,
    grace: 5000,
    figures: quiet,
  });
});

it('a longer cut is answered 503 or 504 in time, and over soon after the link is back', async () => {
  await cutForLong({
    cut: 4000,
    rate: 30,
    holdTimeout: 1000,
    maxIdleTimeout: 1500,
    keepAliveInterval: 500,
    backWithin: 10_000,
    grace: 5000,
    figures: quiet,
  });
});
