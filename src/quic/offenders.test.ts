import { describe, expect, it } from 'vitest';
import { Offenders, offence } from './offenders.ts';

const FLOOD = offence('flood', 0);
const BREACH = offence('breach', 2);

/** After so many of that cost, each of which came from a network that was let in. */
function borne(count: number, cost: number): Offenders {
  const offenders = new Offenders();
  for (let at = 0; at < count; at++) {
    expect(offenders.allows('192.0.2.1', 0)).toBe(true);
    offenders.add('192.0.2.1', cost, 0);
  }
  return offenders;
}

describe('networks whose peers have to be disconnected', () => {
  it('have to wait after twenty floods, and may come once a second then', () => {
    const offenders = borne(20, FLOOD);
    expect(offenders.allows('192.0.2.1', 0)).toBe(false);
    expect(offenders.allows('192.0.2.1', 1)).toBe(true);
    offenders.add('192.0.2.1', FLOOD, 1);
    expect(offenders.allows('192.0.2.1', 900)).toBe(false);
    expect(offenders.allows('192.0.2.1', 1002)).toBe(true);
  });

  it('may break rules twenty times as often', () => {
    const offenders = borne(400, BREACH);
    expect(offenders.allows('192.0.2.1', 0)).toBe(false);
    expect(offenders.allows('192.0.2.1', 51)).toBe(true);
  });

  it('pay for the streams that they opened before, too', () => {
    expect(offence('breach', 7)).toBe(BREACH);
    expect(offence('breach', 80)).toBe(11 * BREACH);
    expect(offence('breach', 10_000)).toBe(FLOOD);
  });

  it('do not keep others out', () => {
    const offenders = new Offenders();
    for (let flood = 0; flood < 30; flood++) offenders.add('192.0.2.1', FLOOD, 0);
    expect(offenders.allows('192.0.2.2', 0)).toBe(true);
  });

  it('are forgotten, the oldest first, when there are too many', () => {
    const offenders = new Offenders();
    for (let flood = 0; flood < 30; flood++) offenders.add('192.0.2.1', FLOOD, 0);
    for (let other = 0; other < 256; other++) offenders.add(`other ${other}`, FLOOD, 0);
    expect(offenders.allows('192.0.2.1', 0)).toBe(true);
  });
});
