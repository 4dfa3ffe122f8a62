import { describe, expect, it } from 'vitest';
import { FirstFlight, HandshakeBudget } from './handshake.ts';

const INITIAL = 0xc0;
const HANDSHAKE = 0xe0;
const SHORT = 0x40;

let count = 0;

/** A datagram unlike all others. */
function datagram(first: number, length: number): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(++count, 1);
  bytes[0] = first;
  return bytes;
}

/** How many datagrams of `length` bytes are admitted. */
function admitted(budget: HandshakeBudget, first: number, length: number): number {
  let sent = 0;
  while (sent < 1000 && budget.admit(datagram(first, length))) sent++;
  return sent;
}

describe('the bytes of a handshake', () => {
  it.each([
    ['Initial packets', INITIAL, 8192],
    ['Handshake packets', HANDSHAKE, 5632],
    ['packets that come too early', SHORT, 8192],
  ])('are bounded in %s', (_what, first, bytes) => {
    expect(admitted(new HandshakeBudget(), first, 512)).toBe(bytes / 512);
  });

  it('are counted apart for Initial and Handshake packets', () => {
    const budget = new HandshakeBudget();
    expect(admitted(budget, HANDSHAKE, 512)).toBe(11);
    expect(new HandshakeBudget().admit(datagram(INITIAL, 8192))).toBe(true);
    expect(budget.received).toBe(12 * 512);
  });

  it('do not grow with copies of the same datagram, but what was received does', () => {
    const budget = new HandshakeBudget();
    const first = datagram(INITIAL, 1200);
    for (let copies = 0; copies < 100; copies++) expect(budget.admit(Buffer.from(first))).toBe(true);
    expect(budget.received).toBe(120_000);
    expect(admitted(budget, INITIAL, 1200)).toBe(5);
  });

  it('are bounded in tiny datagrams as well', () => {
    expect(admitted(new HandshakeBudget(), INITIAL, 10)).toBe(819);
  });
});

describe('the first flight', () => {
  it.each([
    { rtt: 1, waits: [21, 42, 84, 168, 336, 500, 500] },
    { rtt: 20, waits: [40, 80, 160, 320, 500, 500] },
    { rtt: 150, waits: [300, 500, 500] },
    { rtt: 333, waits: [666, 500, 500] },
    { rtt: 1000, waits: [2000, 1000, 1000] },
  ])(
    'with initial_rtt $rtt is repeated after twice that, 20 ms later at least, and then at most twice as late',
    (row) => {
      const { rtt, waits } = row;
      const flight = new FirstFlight(rtt);
      const [first, second] = [datagram(INITIAL, 1200), datagram(INITIAL, 700)];
      flight.sent(first, 100);
      flight.sent(second, 101);
      expect(flight.repeat(100 + (waits[0] ?? 0) - 1, 1e6)).toEqual([]);
      let now = 100;
      for (const wait of waits) {
        now += wait;
        expect(flight.due).toBe(now);
        expect(flight.repeat(now, 1e6)).toEqual([first, second]);
      }
      expect(flight.repeatedBytes).toBe(waits.length * 1900);
    },
  );

  it('is repeated as the very same bytes, whatever became of the buffer', () => {
    const flight = new FirstFlight(20);
    const first = datagram(INITIAL, 1200);
    const same = Buffer.from(first);
    flight.sent(first, 0);
    first.fill(0);
    expect(flight.repeat(40, 1e6)).toEqual([same]);
  });

  it('is over once it is answered', () => {
    const flight = new FirstFlight(20);
    flight.sent(datagram(INITIAL, 1200), 0);
    flight.answered();
    expect(flight.due).toBe(Number.POSITIVE_INFINITY);
    expect(flight.repeat(1000, 1e6)).toEqual([]);
    flight.sent(datagram(INITIAL, 1200), 1000);
    expect(flight.due).toBe(Number.POSITIVE_INFINITY);
  });

  it('waits until all of it may be sent, without asking for it, and then goes at once', () => {
    const flight = new FirstFlight(20);
    flight.sent(datagram(INITIAL, 1200), 0);
    flight.sent(datagram(HANDSHAKE, 1200), 0);
    expect(flight.repeat(40, 2399)).toEqual([]);
    expect(flight.due).toBe(Number.POSITIVE_INFINITY);
    expect(flight.repeat(70, 2400)).toHaveLength(2);
    expect(flight.due).toBe(70 + 80);
  });

  it('keeps ten datagrams at most', () => {
    const flight = new FirstFlight(20);
    for (let sent = 0; sent < 20; sent++) flight.sent(datagram(INITIAL, 100), 0);
    expect(flight.repeat(40, 1e6)).toHaveLength(10);
  });

  it('holds the engine back from repeating anything sooner', () => {
    const flight = new FirstFlight(1000);
    expect(flight.engineWaitsUntil()).toBe(0);
    flight.sent(datagram(INITIAL, 1200), 50);
    expect(flight.engineWaitsUntil()).toBe(2050);
    flight.repeat(2050, 1e6);
    expect(flight.engineWaitsUntil()).toBe(3050);
    flight.answered();
    expect(flight.engineWaitsUntil()).toBe(0);
  });
});
