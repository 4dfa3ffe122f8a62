import { it } from 'vitest';
import { quiet } from './figures.fixture.ts';
import { killAndRestart } from './kill.scenario.ts';

it('requests succeed again soon after the server end was killed and started again, and none hangs', async () => {
  await killAndRestart({
    rate: 50,
    maxIdleTimeout: 1000,
    keepAliveInterval: 400,
    connectInterval: 200,
    holdTimeout: 2000,
    figures: quiet,
  });
});
