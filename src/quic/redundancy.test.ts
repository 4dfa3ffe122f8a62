import { describe, expect, it } from 'vitest';
import { Redundancy } from './redundancy.ts';

const TO = { host: '127.0.0.1', port: 4433 };
const RATE = 3_750_000;

const datagram = (bytes: number): Buffer => Buffer.alloc(bytes, 1);

/** Sends `sizes` as one burst at `at`, and returns the lengths of the copies that follow by `at + 10`. */
function burst(redundancy: Redundancy, sizes: readonly number[], at: number, maySend = true): number[] {
  for (const size of sizes) redundancy.sent(datagram(size), TO, at);
  redundancy.burstEnded(at, RATE);
  const copies: number[] = [];
  redundancy.release(
    at + 10,
    () => maySend,
    (copy) => copies.push(copy.length),
  );
  return copies;
}

describe('copies of datagrams that end a burst', () => {
  it('come 4 ms later, the very same bytes, whatever became of the buffer', () => {
    const redundancy = new Redundancy('On', 0);
    const original = datagram(300);
    redundancy.sent(original, TO, 1000);
    original.fill(0);
    redundancy.burstEnded(1000, RATE);
    expect(redundancy.due).toBe(1004);
    const copies: Buffer[] = [];
    redundancy.release(
      1003.9,
      () => true,
      (copy) => copies.push(copy),
    );
    expect(copies).toEqual([]);
    redundancy.release(
      1004,
      () => true,
      (copy) => copies.push(copy),
    );
    expect(copies).toEqual([datagram(300)]);
    expect(redundancy.due).toBe(Number.POSITIVE_INFINITY);
    expect([redundancy.copies, redundancy.copiedBytes]).toEqual([1, 300]);
  });

  it('repeat a short burst whole, and of a longer one the last datagram', () => {
    const redundancy = new Redundancy('On', 0);
    expect(burst(redundancy, [1350, 1350, 200], 1000)).toEqual([1350, 1350, 200]);
    expect(burst(redundancy, [1350, 1350, 1350, 1350, 77], 2000)).toEqual([77]);
  });

  it('are left out when the bucket has no room', () => {
    expect(burst(new Redundancy('On', 0), [100], 1000, false)).toEqual([]);
  });

  it('take no more than a tenth of the rate', () => {
    const redundancy = new Redundancy('On', 0);
    let copied = 0;
    for (let at = 1000; at < 2000; at += 1)
      copied += burst(redundancy, [1350], at).reduce((a, b) => a + b, 0);
    expect(copied).toBeLessThanOrEqual(0.1 * RATE * 1.2);
    expect(copied).toBeGreaterThan(0.1 * RATE * 0.9);
  });

  it('are never made in mode Off', () => {
    const redundancy = new Redundancy('Off', 0);
    redundancy.observe({ sent: 1000, lost: 500 }, 500);
    expect(burst(redundancy, [100], 1000)).toEqual([]);
  });
});

describe('mode Auto', () => {
  it('waits for losses', () => {
    const redundancy = new Redundancy('Auto', 0);
    redundancy.observe({ sent: 1000, lost: 1 }, 500);
    expect(burst(redundancy, [100], 1000)).toEqual([]);
  });

  it('starts with the third loss, and with one in five hundred of a thousand', () => {
    const soon = new Redundancy('Auto', 0);
    soon.observe({ sent: 40, lost: 3 }, 500);
    expect(burst(soon, [100], 1000)).toEqual([100]);
    const later = new Redundancy('Auto', 0);
    later.observe({ sent: 1000, lost: 2 }, 500);
    expect(burst(later, [100], 1000)).toEqual([100]);
  });

  it('goes on for ten minutes after the last losses, which copies hide', () => {
    const redundancy = new Redundancy('Auto', 0);
    redundancy.observe({ sent: 1000, lost: 10 }, 0);
    redundancy.observe({ sent: 5000, lost: 10 }, 300_000);
    expect(burst(redundancy, [100], 599_000)).toEqual([100]);
    expect(burst(redundancy, [100], 601_000)).toEqual([]);
  });
});
