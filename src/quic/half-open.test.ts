import { expect, it } from 'vitest';
import { HalfOpen } from './half-open.ts';

it('gives four places to a network and 64 in all', () => {
  const handshakes = new HalfOpen();
  for (let count = 0; count < 64; count++) {
    const network = `192.0.2.${count >> 2}`;
    expect(handshakes.refusal(network)).toBeUndefined();
    handshakes.enter(network);
    if (count === 3) expect(handshakes.refusal(network)).toBe('handshakes_of_address');
  }
  expect(handshakes.refusal('203.0.113.1')).toBe('handshakes');
  handshakes.leave('192.0.2.5');
  expect(handshakes.refusal('192.0.2.5')).toBeUndefined();
  expect(handshakes.refusal('192.0.2.6')).toBe('handshakes_of_address');
});

it('is crowded while there are three or more: a network has a place more', () => {
  const handshakes = new HalfOpen();
  const crowded = [];
  for (let count = 0; count < 5; count++) {
    crowded.push(handshakes.isCrowded);
    handshakes.enter(`192.0.2.${count}`);
  }
  for (const last of [0, 1, 2]) handshakes.leave(`192.0.2.${last}`);
  crowded.push(handshakes.isCrowded);
  expect(crowded).toEqual([false, false, false, true, true, false]);
});
