import { it } from 'vitest';
import { killAndRestart } from '../integration/kill.scenario.ts';
import { print } from './print.ts';

it.each([1, 2, 3])(
  'requests succeed again soon after the server end was killed with the defaults (%i)',
  async () => {
    await killAndRestart({
      rate: 50,
      maxIdleTimeout: 5000,
      keepAliveInterval: 2000,
      connectInterval: 1000,
      holdTimeout: 5000,
      figures: print,
    });
  },
);
