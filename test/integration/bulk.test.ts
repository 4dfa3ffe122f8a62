import { describe, it } from 'vitest';
import { type Directions, moveBulk } from './bulk.scenario.ts';
import { quiet } from './figures.fixture.ts';

const MB = 1_000_000;

describe('a body far larger than every buffer on its way', () => {
  it.each<Directions>(['down', 'up', 'both'])('arrives intact, in bounded memory: %s', async (directions) => {
    await moveBulk(directions, { size: 32 * MB, memory: 200 * MB, figures: quiet });
  });
});
