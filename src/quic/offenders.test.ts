import { describe, expect, it } from 'vitest';
import { Offenders } from './offenders.ts';

describe('networks whose peers have to be disconnected', () => {
  it('have to wait after twenty floods, and may come once a second then', () => {
    const offenders = new Offenders();
    for (let flood = 0; flood < 20; flood++) {
      expect(offenders.allows('192.0.2.1', 0)).toBe(true);
      offenders.add('192.0.2.1', 'flood', 0);
    }
    expect(offenders.allows('192.0.2.1', 0)).toBe(false);
    expect(offenders.allows('192.0.2.1', 1)).toBe(true);
    offenders.add('192.0.2.1', 'flood', 1);
    expect(offenders.allows('192.0.2.1', 900)).toBe(false);
    expect(offenders.allows('192.0.2.1', 1002)).toBe(true);
  });

  it('may break rules twice as often', () => {
    const offenders = new Offenders();
    for (let breach = 0; breach < 40; breach++) {
      expect(offenders.allows('192.0.2.1', 0)).toBe(true);
      offenders.add('192.0.2.1', 'breach', 0);
    }
    expect(offenders.allows('192.0.2.1', 0)).toBe(false);
    expect(offenders.allows('192.0.2.1', 501)).toBe(true);
  });

  it('do not keep others out', () => {
    const offenders = new Offenders();
    for (let flood = 0; flood < 30; flood++) offenders.add('192.0.2.1', 'flood', 0);
    expect(offenders.allows('192.0.2.2', 0)).toBe(true);
  });

  it('are forgotten, the oldest first, when there are too many', () => {
    const offenders = new Offenders();
    for (let flood = 0; flood < 30; flood++) offenders.add('192.0.2.1', 'flood', 0);
    for (let other = 0; other < 256; other++) offenders.add(`other ${other}`, 'flood', 0);
    expect(offenders.allows('192.0.2.1', 0)).toBe(true);
  });
});
