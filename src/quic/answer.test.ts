import { expect, it } from 'vitest';
import { Answer } from './answer.ts';

/** All that there was has left. */
function quiet(): Answer {
  const answer = new Answer();
  answer.given();
  return answer;
}

it('to what may wait leaves after fifteen milliseconds', () => {
  const answer = quiet();
  answer.received(64);
  expect(answer.mayWait(100)).toBe(true);
  expect(answer.due).toBe(115);
  answer.received(40);
  expect(answer.isAll).toBe(true);
  expect([answer.mayWait(110), answer.mayWait(114.9), answer.mayWait(115)]).toEqual([true, true, false]);
  expect(answer.due).toBe(115);
});

it('to anything else leaves at once', () => {
  const long = quiet();
  long.received(65);
  expect([long.mayWait(0), long.isAll]).toEqual([false, false]);
  const demanded = quiet();
  demanded.demand();
  expect(demanded.mayWait(0)).toBe(false);
  expect(new Answer().mayWait(0)).toBe(false);
});

it('that waited leaves with what must not wait, and the next one waits anew', () => {
  const answer = quiet();
  expect(answer.mayWait(0)).toBe(true);
  answer.demand();
  expect(answer.mayWait(1)).toBe(false);
  answer.given();
  expect(answer.due).toBe(Number.POSITIVE_INFINITY);
  expect(answer.mayWait(20)).toBe(true);
  expect(answer.due).toBe(35);
});
