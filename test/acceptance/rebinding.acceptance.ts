import { it } from 'vitest';
import { rebind } from '../integration/rebinding.scenario.ts';
import { print } from './print.ts';

it('the client gets another port every 2 s for a minute: no request fails', async () => {
  await rebind({ changes: 30, interval: 2000, rate: 100, delay: 20, figures: print });
});
