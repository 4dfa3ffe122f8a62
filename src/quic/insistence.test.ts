import { expect, it } from 'vitest';
import { Insistence } from './insistence.ts';

const TO = { host: '127.0.0.1', port: 4433 };

/** The copies that `insistence` hands out at each of `times`, by their first byte. */
function released(insistence: Insistence, times: readonly number[]): number[][] {
  return times.map((now) => {
    const copies: number[] = [];
    insistence.release(now, (datagram) => copies.push(datagram.readUInt8()));
    return copies;
  });
}

it('sends the datagram that was asked for twice again, and no other', () => {
  const insistence = new Insistence();
  insistence.sent(Buffer.of(1), TO, 1000);
  insistence.insist();
  insistence.sent(Buffer.of(2), TO, 1000);
  insistence.sent(Buffer.of(3), TO, 1000);
  expect(insistence.due).toBe(1005);
  expect(released(insistence, [1004, 1005, 1006, 1100, 2000])).toEqual([[], [2], [], [2], []]);
  expect(insistence.due).toBe(Number.POSITIVE_INFINITY);
});

it('keeps no more than 64 copies, however much it is asked for', () => {
  const insistence = new Insistence();
  for (let n = 0; n < 1000; n++) {
    insistence.insist();
    insistence.sent(Buffer.of(1), TO, 0);
  }
  expect(released(insistence, [1000])[0]).toHaveLength(64);
});
