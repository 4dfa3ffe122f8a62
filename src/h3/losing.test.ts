import { expect, it } from 'vitest';
import type { RequestHandler } from './handlers.ts';
import { Losing } from './losing.ts';

const CAUSE = { source: 'idle', code: undefined, reason: 'gone' } as const;
const turn = () => new Promise((resolve) => setImmediate(resolve));

it('tells a thousand requests at once that they are lost, and others in turns to come; then it is over', async () => {
  const losing = new Losing();
  const told: string[] = [];
  const handler = { onLost: ({ reason, scope }) => void told.push(`${scope}: ${reason}`) } as RequestHandler;
  losing.lose(new Array<RequestHandler>(2500).fill(handler), CAUSE);
  losing.whenTold(() => told.push('over'));
  expect(told).toHaveLength(1000);
  await turn();
  expect(told).toHaveLength(2000);
  await turn();
  expect(told).toHaveLength(2501);
  expect(told.slice(-2)).toEqual(['connection: gone', 'over']);
});

it('is over at once with few', () => {
  const losing = new Losing();
  let isOver = false;
  losing.lose([], CAUSE);
  losing.whenTold(() => {
    isOver = true;
  });
  expect(isOver).toBe(true);
});
