import { describe, it } from 'vitest';
import { failAttempts, type Judge } from '../integration/attempts.scenario.ts';
import { print } from './print.ts';

describe('500 attempts to connect that are refused', () => {
  it.each<Judge>(['server', 'client'])(
    'leave nothing behind at either end: the %s refuses',
    async (judge) => {
      await failAttempts(judge, { warmUp: 1500, attempts: 500, growth: 8_000_000, figures: print });
    },
  );
});
