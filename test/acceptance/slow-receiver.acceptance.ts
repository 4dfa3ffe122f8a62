import { describe, it } from 'vitest';
import { receiveSlowly } from '../integration/slow-receiver.scenario.ts';
import { print } from './print.ts';

const MB = 1_000_000;

describe('a receiver that takes 1 MB/s', () => {
  it.each(['down', 'up'] as const)('slows the sender and fills no memory: %s', async (direction) => {
    await receiveSlowly(direction, {
      rate: MB,
      seconds: 60,
      window: 16 * MB,
      growth: 10 * MB,
      figures: print,
    });
  });
});
