import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Deadline } from './deadline.ts';

let fired: number[];
let deadline: Deadline;

beforeEach(() => {
  vi.useFakeTimers();
  fired = [];
  const clock = (): number => performance.now();
  deadline = new Deadline(clock, () => fired.push(clock()));
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass. */
const pass = (milliseconds: number): unknown => vi.advanceTimersByTime(milliseconds);
const inFuture = (milliseconds: number): number => performance.now() + milliseconds;

describe('a deadline', () => {
  it('comes when it is due, once', () => {
    const due = inFuture(50);
    deadline.set(due);
    pass(49);
    expect(fired).toEqual([]);
    pass(1000);
    expect(fired).toEqual([due]);
  });

  it('can be moved later, as often as one likes', () => {
    deadline.set(inFuture(50));
    for (let moves = 0; moves < 20; moves++) {
      pass(40);
      deadline.set(inFuture(50));
    }
    expect(fired).toEqual([]);
    pass(50);
    expect(fired).toHaveLength(1);
  });

  it('can be moved earlier', () => {
    deadline.set(inFuture(5000));
    const due = inFuture(10);
    deadline.set(due);
    pass(10_000);
    expect(fired).toEqual([due]);
  });

  it('that has passed comes in a millisecond, never from within set', () => {
    deadline.set(inFuture(-10));
    expect(fired).toEqual([]);
    pass(1);
    expect(fired).toHaveLength(1);
  });

  it('of infinity never comes', () => {
    deadline.set(inFuture(10));
    deadline.set(Number.POSITIVE_INFINITY);
    pass(1e6);
    expect(fired).toEqual([]);
  });

  it('comes again when it is set from within its call', () => {
    const often = new Deadline(
      () => performance.now(),
      () => fired.push(performance.now()) < 3 && often.set(inFuture(10)),
    );
    often.set(inFuture(10));
    pass(1000);
    expect(fired).toHaveLength(3);
  });

  it('does not come once it was cleared', () => {
    deadline.set(inFuture(10));
    deadline.clear();
    pass(1000);
    expect(fired).toEqual([]);
    expect(vi.getTimerCount()).toBe(0);
  });

  it('further away than a timer reaches is not lost', () => {
    const month = 30 * 24 * 3_600_000;
    deadline.set(inFuture(month));
    pass(month - 1);
    expect(fired).toEqual([]);
    pass(1);
    expect(fired).toHaveLength(1);
  });
});
