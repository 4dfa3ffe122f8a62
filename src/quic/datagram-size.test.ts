import { describe, expect, it } from 'vitest';
import { DatagramSize } from './datagram-size.ts';

function create(configured = 1350): { size: DatagramSize; told: string[] } {
  const told: string[] = [];
  return { size: new DatagramSize(configured, (reason) => told.push(reason)), told };
}

describe('datagram size', () => {
  it('falls to 1200, once and for all, when the system refuses larger ones', () => {
    const { size, told } = create();
    size.refused();
    size.refused();
    expect(size.current).toBe(1200);
    expect(told).toEqual(['the system refuses larger datagrams (EMSGSIZE)']);
  });

  it('is suspected after two time-outs in a row with larger datagrams out', () => {
    const { size, told } = create();
    size.sent(1350);
    size.timedOut(100);
    expect(size.current).toBe(1350);
    size.timedOut(300);
    expect(size.current).toBe(1200);
    expect(told).toEqual([]);
  });

  it('is not suspected for time-outs of small datagrams, nor when something was heard in between', () => {
    const { size } = create();
    for (const at of [100, 300, 700]) size.timedOut(at);
    size.sent(1350);
    size.timedOut(1000);
    size.heard(0, 1100);
    size.timedOut(1200);
    expect(size.current).toBe(1350);
  });

  it('is tried again when the path is back, and settled when that fails too', () => {
    const { size, told } = create();
    size.sent(1350);
    size.timedOut(100);
    size.timedOut(300);
    size.heard(5, 500);
    expect(size.current).toBe(1350);
    size.sent(1350);
    size.timedOut(900);
    size.timedOut(1500);
    expect(size.current).toBe(1200);
    expect(told).toEqual(['larger datagrams vanish on the path']);
    size.heard(5, 1600);
    expect(size.current).toBe(1200);
  });

  it('outlives a path that is gone for a while', () => {
    const { size, told } = create();
    for (const start of [0, 100_000]) {
      size.sent(1350);
      size.timedOut(start + 100);
      size.timedOut(start + 300);
      size.heard(0, start + 3000);
    }
    expect(size.current).toBe(1350);
    expect(told).toEqual([]);
  });

  it('is suspected when larger datagrams are lost while small ones get through', () => {
    const { size } = create();
    size.heard(0, 0);
    for (let n = 0; n < 10; n++) size.sent(1350);
    size.heard(0, 1000);
    size.heard(9, 2000);
    expect(size.current).toBe(1200);
  });

  it('says nothing when it was 1200 or less to begin with', () => {
    const { size, told } = create(1200);
    size.refused();
    expect([size.current, told]).toEqual([1200, []]);
  });
});
