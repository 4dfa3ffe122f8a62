import { describe, it } from 'vitest';
import { quiet } from './figures.fixture.ts';
import { receiveSlowly } from './slow-receiver.scenario.ts';

const MB = 1_000_000;

describe('a receiver that takes 1 MB/s', () => {
  it.each(['down', 'up'] as const)('slows the sender and fills no memory: %s', async (direction) => {
    await receiveSlowly(direction, { rate: MB, seconds: 2, window: MB, growth: 30 * MB, figures: quiet });
  });
});
