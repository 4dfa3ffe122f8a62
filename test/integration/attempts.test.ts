import { describe, it } from 'vitest';
import { failAttempts, type Judge } from './attempts.scenario.ts';
import { quiet } from './figures.fixture.ts';

describe('attempts to connect that are refused', () => {
  it.each<Judge>(['server', 'client'])(
    'leave nothing behind at either end: the %s refuses',
    async (judge) => {
      await failAttempts(judge, { warmUp: 20, attempts: 60, growth: 40_000_000, figures: quiet });
    },
  );
});
