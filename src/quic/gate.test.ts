import { describe, expect, it } from 'vitest';
import { type Admission, Gate, type Verdict } from './gate.ts';
import type { LongHeader } from './packet.ts';

const NO_TOKEN = Buffer.alloc(0);
const address = (host: string) => ({ host, port: 4433 });
let count = 0;

/** The header of a client that nobody has heard of. */
function stranger(): LongHeader {
  const destination = Buffer.alloc(8);
  destination.writeUInt32BE(++count);
  return { version: 1, destination, source: Buffer.alloc(0) };
}

function admitted(verdict: Verdict): Admission {
  if (typeof verdict === 'string' || !('admission' in verdict)) throw new Error(`not admitted: ${verdict}`);
  return verdict.admission;
}

/** Lets one from `host` in, answering a Retry where it must. */
function enter(gate: Gate, host: string, now = 0): Verdict {
  const header = stranger();
  const verdict = gate.judge(header, NO_TOKEN, address(host), now);
  if (typeof verdict === 'string' || !('retry' in verdict)) return verdict;
  const { connectionId, token } = verdict.retry;
  return gate.judge({ ...header, destination: connectionId }, token, address(host), now);
}

const isRetry = (verdict: Verdict): boolean => typeof verdict !== 'string' && 'retry' in verdict;

describe('the gate', () => {
  it('asks for a Retry from the fourth handshake on, and no longer when there are fewer', () => {
    const gate = new Gate(undefined);
    const inside = [1, 2, 3].map((n) =>
      admitted(gate.judge(stranger(), NO_TOKEN, address(`192.0.2.${n}`), 0)),
    );
    expect(isRetry(gate.judge(stranger(), NO_TOKEN, address('192.0.2.5'), 0))).toBe(true);
    for (const admission of inside) gate.handshakeOver(admission, true, 1, 0);
    expect(admitted(gate.judge(stranger(), NO_TOKEN, address('192.0.2.5'), 0)).originalId).toBeNull();
  });

  it('knows after a Retry what the client called us first, and by what name it calls us now', () => {
    const gate = new Gate(undefined);
    for (let n = 1; n <= 3; n++) enter(gate, `192.0.2.${n}`);
    const header = stranger();
    const verdict = gate.judge(header, NO_TOKEN, address('192.0.2.5'), 0);
    if (typeof verdict === 'string' || !('retry' in verdict)) throw new Error('a Retry was due');
    const { connectionId, token } = verdict.retry;
    const second = { ...header, destination: connectionId };
    expect(admitted(gate.judge(second, token, address('192.0.2.5'), 5000))).toMatchObject({
      connectionId,
      originalId: header.destination,
    });
  });

  it('gives four places to an address and 64 in all', () => {
    const gate = new Gate(undefined);
    for (let n = 0; n < 64; n++) admitted(enter(gate, `192.0.2.${n >> 2}`));
    expect(enter(gate, '192.0.2.99')).toBe('handshakes');
  });

  it('turns addresses away that are not on its list, before anything else', () => {
    const gate = new Gate(['192.0.2.0/24']);
    expect(gate.judge(stranger(), NO_TOKEN, address('198.51.100.1'), 0)).toBe('not_allowed');
    gate.reconfigure(['198.51.100.0/24']);
    admitted(gate.judge(stranger(), NO_TOKEN, address('198.51.100.1'), 0));
  });
});

describe('the time that handshakes take', () => {
  it('is bounded for strangers when they come to nothing: a two-hundredth, after a tenth of a second', () => {
    const gate = new Gate(undefined);
    for (let n = 0; n < 2; n++) gate.handshakeOver(admitted(enter(gate, '192.0.2.1')), false, 60, 0);
    expect(enter(gate, '192.0.2.2', 3999)).toBe('handshake_time');
    admitted(enter(gate, '192.0.2.2', 4001));
  });

  it('has those show their address first who come when it is used up', () => {
    const gate = new Gate(undefined);
    gate.handshakeOver(admitted(enter(gate, '192.0.2.1')), false, 300, 0);
    expect(isRetry(gate.judge(stranger(), NO_TOKEN, address('192.0.2.2'), 0))).toBe(true);
  });

  it('does not lock out those who were let in before', () => {
    const gate = new Gate(undefined);
    gate.handshakeOver(admitted(enter(gate, '192.0.2.1')), true, 2, 0);
    for (let n = 0; n < 2; n++) gate.handshakeOver(admitted(enter(gate, '198.51.100.1')), false, 60, 0);
    expect(enter(gate, '198.51.100.1')).toBe('handshake_time');
    admitted(enter(gate, '192.0.2.1'));
  });

  it('does not count when they succeed', () => {
    const gate = new Gate(undefined);
    for (let n = 0; n < 100; n++) gate.handshakeOver(admitted(enter(gate, '192.0.2.1')), true, 100, 0);
    admitted(enter(gate, '192.0.2.2'));
  });
});

describe('the bytes of a handshake', () => {
  it('are fewest for strangers after one of them was costly, and most for those who were let in before', () => {
    const gate = new Gate(undefined);
    const before = admitted(enter(gate, '192.0.2.1'));
    gate.handshakeOver(before, true, 2, 0);
    gate.handshakeOver(admitted(enter(gate, '192.0.2.2')), false, 30, 0);
    const suspect = admitted(enter(gate, '192.0.2.2', 599_999));
    gate.handshakeOver(suspect, false, 1, 599_999);
    const [friend, later] = [
      admitted(enter(gate, '192.0.2.1', 1)),
      admitted(enter(gate, '192.0.2.2', 600_000)),
    ];
    expect([before, suspect, later, friend].map(({ handshakeBytes }) => handshakeBytes)).toEqual([
      5.5 * 1024,
      4 * 1024,
      5.5 * 1024,
      16 * 1024,
    ]);
  });
});
