import { describe, expect, it } from 'vitest';
import { Cancellations } from './cancellations.ts';
import { Places } from './places.ts';

/** With `open` and 256 places, all taken. */
function full(open: number): Places {
  const places = new Places(open, new Cancellations(0), () => {});
  for (let n = 0; n < open + 256; n++) expect(places.take(0)).toBe(true);
  return places;
}

describe('places for streams of the peer', () => {
  it('are as many as it may have open, and 256', () => {
    const places = full(4);
    expect(places.take(0)).toBe(false);
    places.release();
    expect(places.take(0)).toBe(true);
    expect(places.take(0)).toBe(false);
  });

  it('are told to be free again to who wanted one in vain', () => {
    const places = full(0);
    places.take(0);
    expect(places.hasRoomAgain(0)).toBe(false);
    places.release();
    expect(places.hasRoomAgain(0)).toBe(true);
    places.askAgain();
    expect(places.hasRoomAgain(0)).toBe(false);
  });

  it('are not told to be free where none was wanted', () => {
    const places = full(0);
    places.release();
    expect(places.hasRoomAgain(0)).toBe(false);
  });
});

describe('a peer that cancelled too many streams', () => {
  /** With ten places. */
  function start() {
    let kept = 0;
    const places = new Places(10, new Cancellations(0), () => {
      kept++;
    });
    for (let count = 0; count < 301; count++) places.cancelled(0);
    return { places, kept };
  }

  it('finds no place for a request for a while', () => {
    const { places, kept } = start();
    expect(kept).toBe(1);
    expect(places.take(0)).toBe(false);
    expect(places.roomAt(0)).toBe(5);
    expect(places.hasRoomAgain(4)).toBe(false);
    expect(places.hasRoomAgain(5)).toBe(true);
    expect(places.take(5)).toBe(true);
  });

  it('finds one as soon as others have come to a good end', () => {
    const { places } = start();
    expect(places.take(0)).toBe(false);
    places.completed();
    expect(places.hasRoomAgain(0)).toBe(true);
  });

  it('need not wait with streams that cannot be cancelled', () => {
    const { places } = start();
    for (let count = 0; count < 10 + 256; count++) expect(places.takeAnyway()).toBe(true);
    expect(places.takeAnyway()).toBe(false);
  });
});
