import { describe, expect, it } from 'vitest';
import { Cancellations, LIVED } from './cancellations.ts';
import { type Placed, Places } from './places.ts';

/** A request, a control stream, and a stream of the server's. */
const REQUEST = 0;
const CONTROL = 2;
const OURS = 1;

const ended = (fate: Placed['fate']): Placed => ({ id: REQUEST, since: 0, fate });

/** Places of a server whose clients may have `open` streams open. */
function start(open: number) {
  let kept = 0;
  const places = new Places('server', open, {
    cancellations: new Cancellations(0),
    onKept: () => {
      kept++;
    },
  });
  return { places, kept: () => kept };
}

/** With `open` and 256 places, all taken. */
function full(open: number): Places {
  const { places } = start(open);
  for (let n = 0; n < open + 256; n++) expect(places.take(REQUEST, 0)).toBe(true);
  return places;
}

describe('places for streams of the peer', () => {
  it('are as many as it may have open, and 256', () => {
    const places = full(4);
    expect(places.take(REQUEST, 0)).toBe(false);
    expect(places.take(CONTROL, 0)).toBe(false);
    places.release(ended('good'));
    expect(places.take(REQUEST, 0)).toBe(true);
    expect(places.take(REQUEST, 0)).toBe(false);
  });

  it('are told to be free again to who wanted one in vain', () => {
    const places = full(0);
    places.take(REQUEST, 0);
    expect(places.hasRoomAgain(0)).toBe(false);
    expect(places.roomAt(0)).toBe(Number.POSITIVE_INFINITY);
    places.release(ended('good'));
    expect(places.hasRoomAgain(0)).toBe(true);
    places.askAgain();
    expect(places.hasRoomAgain(0)).toBe(false);
  });

  it('are wanted also by who only asks for one', () => {
    const places = full(0);
    expect(places.want(0)).toBe(false);
    places.release(ended('good'));
    expect(places.hasRoomAgain(0)).toBe(true);
    expect(places.want(0)).toBe(true);
  });

  it('are not told to be free where none was wanted', () => {
    const places = full(0);
    places.release(ended('good'));
    expect(places.hasRoomAgain(0)).toBe(false);
  });

  it('are none for streams of ours', () => {
    const { places } = start(1);
    expect(places.take(OURS, 0)).toBe(false);
    places.release({ ...ended('good'), id: OURS });
    for (let n = 0; n < 257; n++) expect(places.take(REQUEST, 0)).toBe(true);
    expect(places.take(REQUEST, 0)).toBe(false);
  });
});

describe('a peer that cancelled too many streams', () => {
  /** Ten requests may be open; 101 were, and ended in this way. */
  function peerAfter(fate: Placed['fate'], now = 0) {
    const { places, kept } = start(10);
    for (let count = 0; count < 101; count++) {
      places.take(REQUEST, now);
      if (fate === 'cancelled') places.cancelled(ended(fate), now);
      places.release(ended(fate));
    }
    return { places, kept: kept() };
  }

  it('finds no place for a request for a while', () => {
    const { places, kept } = peerAfter('cancelled');
    expect(kept).toBe(1);
    expect(places.take(REQUEST, 0)).toBe(false);
    expect(places.roomAt(0)).toBe(5);
    expect(places.hasRoomAgain(4)).toBe(false);
    expect(places.hasRoomAgain(5)).toBe(true);
    expect(places.roomAt(5)).toBe(5);
    expect(places.take(REQUEST, 5)).toBe(true);
  });

  it('finds one as soon as another request came to a good end', () => {
    const { places } = peerAfter('cancelled');
    expect(places.take(REQUEST, 0)).toBe(false);
    places.release(ended('good'));
    expect(places.hasRoomAgain(0)).toBe(true);
  });

  it('gains nothing by other streams', () => {
    const { places } = peerAfter('cancelled');
    expect(places.take(CONTROL, 0)).toBe(true);
    places.release({ ...ended('good'), id: CONTROL });
    expect(places.take(REQUEST, 0)).toBe(false);
  });

  it('is not taken for one whose requests we broke off, or that gave them up after long', () => {
    expect(peerAfter('broken').places.take(REQUEST, 0)).toBe(true);
    expect(peerAfter('cancelled', LIVED).places.take(REQUEST, LIVED)).toBe(true);
  });

  it('is not taken for one that lost a connection with many', () => {
    const { places } = start(10);
    const open = Array.from({ length: 1000 }, () => ended('good'));
    places.lost(open, 0);
    expect(places.take(REQUEST, 0)).toBe(true);
    places.cancelled(ended('cancelled'), 0);
    expect(places.take(REQUEST, 0)).toBe(false);
  });
});
