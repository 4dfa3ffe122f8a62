import { describe, expect, it } from 'vitest';
import { Cancellations, CancellationsByPeer } from './cancellations.ts';

/** So many streams at once. */
function cancelled(count: number): Cancellations {
  const cancellations = new Cancellations(0);
  for (let at = 0; at < count; at++) cancellations.add(0);
  return cancellations;
}

describe('what a peer cancelled of late', () => {
  it('may be a hundred streams at once, and two hundred a second', () => {
    expect(cancelled(100).areTooMany(0)).toBe(false);
    const cancellations = cancelled(101);
    expect(cancellations.areTooMany(0)).toBe(true);
    expect(cancellations.wait).toBe(5);
    expect(cancellations.areTooMany(4)).toBe(true);
    expect(cancellations.areTooMany(5)).toBe(false);
  });

  it('holds the next up for a second at most', () => {
    const cancellations = cancelled(100_000);
    expect(cancellations.wait).toBe(1000);
    expect(cancellations.areTooMany(999)).toBe(true);
    expect(cancellations.areTooMany(1000)).toBe(false);
  });

  it('is made up for by streams that come to a good end', () => {
    const cancellations = cancelled(101);
    cancellations.earn();
    expect(cancellations.areTooMany(0)).toBe(false);
  });

  it('may be a thousand more of a peer that made use of as many', () => {
    const cancellations = cancelled(0);
    for (let at = 0; at < 5000; at++) cancellations.earn();
    for (let at = 0; at < 1100; at++) cancellations.add(1);
    expect(cancellations.areTooMany(1)).toBe(false);
    cancellations.add(1);
    expect(cancellations.areTooMany(1)).toBe(true);
  });

  it('holds up nobody for the loss of a connection alone', () => {
    const cancellations = cancelled(50);
    cancellations.lost(10_000, 0);
    expect(cancellations.areTooMany(0)).toBe(false);
    cancellations.add(0);
    expect(cancellations.areTooMany(0)).toBe(true);
  });

  it('counts over all connections with one certificate, and with no other', () => {
    const peers = new CancellationsByPeer();
    for (let at = 0; at < 400; at++) peers.of('a', 0).add(0);
    expect(peers.of('a', 1).areTooMany(1)).toBe(true);
    expect(peers.of('b', 1).areTooMany(1)).toBe(false);
  });
});
