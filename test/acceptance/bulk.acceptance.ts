import { describe, it } from 'vitest';
import { type Directions, moveBulk } from '../integration/bulk.scenario.ts';
import { print } from './print.ts';

describe('1 GiB', () => {
  it.each<Directions>(['down', 'up', 'both'])(
    'arrives intact with each end under 200 MB: %s',
    async (directions) => {
      await moveBulk(directions, { size: 2 ** 30, memory: 200_000_000, figures: print });
    },
  );
});
