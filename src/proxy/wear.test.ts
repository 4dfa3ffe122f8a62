import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest';
import { Wear } from './wear.ts';

const MANY = 1_000_000;

beforeEach(() => {
  vi.useFakeTimers();
});

afterEach(() => {
  vi.useRealTimers();
});

/** Lets time pass. */
const pass = (milliseconds: number): unknown => vi.advanceTimersByTime(milliseconds);

function worn() {
  const state = { inFlight: 0, replaced: 0 };
  const wear = new Wear(
    () => state.inFlight,
    () => {
      state.replaced++;
      wear.renew();
    },
  );
  /** `count` requests, so many at once. */
  const ask = (count: number, inFlight: number): void => {
    for (let request = 0; request < count; request++) {
      state.inFlight = Math.min(inFlight, state.inFlight + 1);
      wear.asked(MANY);
    }
  };
  return { wear, state, ask };
}

describe('a session', () => {
  it('has a successor after so many requests, once', () => {
    const { wear, state } = worn();
    for (let request = 0; request < 9; request++) wear.asked(10);
    expect(state.replaced).toBe(0);
    wear.asked(10);
    wear.asked(10);
    expect(state.replaced).toBe(1);
  });

  it('has one when thousands of requests at once are over, few being asked since', () => {
    const { state, ask } = worn();
    ask(2048, 2048);
    expect(state.replaced).toBe(0);
    pass(1300);
    // They are not over.
    expect(state.replaced).toBe(0);
    state.inFlight = 0;
    ask(100, 5);
    pass(1000);
    ask(100, 5);
    expect(state.replaced).toBe(0);
    pass(1000);
    expect(state.replaced).toBe(1);
  });

  it('has none for fewer, nor when it was replaced meanwhile', () => {
    const few = worn();
    few.ask(2047, 2047);
    few.state.inFlight = 0;
    const other = worn();
    other.ask(2048, 2048);
    other.state.inFlight = 0;
    other.wear.renew();
    pass(2300);
    expect([few.state.replaced, other.state.replaced]).toEqual([0, 0]);
  });
});
