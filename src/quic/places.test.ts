import { describe, expect, it } from 'vitest';
import { Places } from './places.ts';

/** With `open` and 256 places, all taken. */
function full(open: number): Places {
  const places = new Places(open);
  for (let n = 0; n < open + 256; n++) expect(places.take()).toBe(true);
  return places;
}

describe('places for streams of the peer', () => {
  it('are as many as it may have open, and 256', () => {
    const places = full(4);
    expect(places.take()).toBe(false);
    places.release();
    expect(places.take()).toBe(true);
    expect(places.take()).toBe(false);
  });

  it('are told to be free again to who wanted one in vain', () => {
    const places = full(0);
    places.take();
    expect(places.hasRoomAgain).toBe(false);
    places.release();
    expect(places.hasRoomAgain).toBe(true);
    places.askAgain();
    expect(places.hasRoomAgain).toBe(false);
  });

  it('are not told to be free where none was wanted', () => {
    const places = full(0);
    places.release();
    expect(places.hasRoomAgain).toBe(false);
  });
});
