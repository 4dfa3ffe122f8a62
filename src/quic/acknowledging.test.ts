import { describe, expect, it } from 'vitest';
import { Acknowledging } from './acknowledging.ts';

/** All that there was at the beginning has left. */
function quiet(): Acknowledging {
  const acknowledging = new Acknowledging();
  acknowledging.answered();
  return acknowledging;
}

function received(count: number): Acknowledging {
  const acknowledging = quiet();
  for (let n = 0; n < count; n++) acknowledging.received();
  return acknowledging;
}

describe('an acknowledgment', () => {
  it('waits a millisecond for something that it can leave with', () => {
    const acknowledging = received(1);
    expect(acknowledging.mayWait(10)).toBe(true);
    expect(acknowledging.due).toBe(11);
    acknowledging.received();
    expect(acknowledging.mayWait(10.9)).toBe(true);
    expect(acknowledging.due).toBe(11);
    expect(acknowledging.mayWait(11)).toBe(false);
  });

  it('leaves with what else there is', () => {
    const acknowledging = received(1);
    acknowledging.hasMore();
    expect(acknowledging.mayWait(10)).toBe(false);
  });

  it('does not wait where eight datagrams came', () => {
    expect(received(7).mayWait(10)).toBe(true);
    expect(received(8).mayWait(10)).toBe(false);
  });

  it('counts from the last one on', () => {
    const acknowledging = received(7);
    expect(acknowledging.mayWait(10)).toBe(true);
    acknowledging.answered();
    expect(acknowledging.due).toBe(Number.POSITIVE_INFINITY);
    acknowledging.received();
    expect(acknowledging.mayWait(20)).toBe(true);
    expect(acknowledging.due).toBe(21);
  });
});

it('where nothing came, nothing waits: what a turn of the event loop was for may want to leave', () => {
  expect(quiet().mayWait(10)).toBe(false);
});
