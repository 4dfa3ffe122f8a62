import { expect, it } from 'vitest';
import { Answer } from './answer.ts';

/** All that there was has left. */
function quiet(): Answer {
  const answer = new Answer();
  answer.given(0);
  return answer;
}

it('to what may wait leaves after fifteen milliseconds', () => {
  const answer = quiet();
  answer.received(64);
  expect(answer.mayWait(80)).toBe(true);
  expect(answer.due).toBe(95);
  answer.received(40);
  expect(answer.isAll).toBe(true);
  expect([answer.mayWait(90), answer.mayWait(94.9), answer.mayWait(95)]).toEqual([true, true, false]);
  expect(answer.due).toBe(95);
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
  answer.received(40);
  expect(answer.mayWait(0)).toBe(true);
  answer.demand();
  expect(answer.mayWait(1)).toBe(false);
  answer.given(0);
  expect(answer.due).toBe(Number.POSITIVE_INFINITY);
  answer.received(40);
  expect(answer.mayWait(20)).toBe(true);
  expect(answer.due).toBe(35);
});

it('is not waited for where nothing came', () => {
  const answer = quiet();
  expect([answer.mayWait(0), answer.due]).toEqual([true, Number.POSITIVE_INFINITY]);
  answer.received(40);
  expect([answer.mayWait(1), answer.due]).toEqual([true, 16]);
});

it('waits for nothing when nothing has left for a while', () => {
  const answer = quiet();
  answer.received(40);
  expect([answer.mayWait(101), answer.isAll]).toEqual([false, true]);
  answer.given(101);
  // What asks the peer whether it is there leaves alone, and so does its answer.
  answer.ask();
  expect([answer.mayWait(300), answer.isAll]).toEqual([false, false]);
  answer.given(300);
  expect(answer.mayWait(301)).toBe(false);
  answer.given(301);
  answer.demand();
  answer.given(500);
  expect(answer.mayWait(501)).toBe(true);
});
