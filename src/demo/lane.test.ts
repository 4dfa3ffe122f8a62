import { describe, expect, it } from 'vitest';
import { type Conditions, IDEAL, Lane, REORDERING_HOLD } from './lane.ts';

const lane = (conditions: Partial<Conditions>, seed = 1) => new Lane<null>({ ...IDEAL, ...conditions }, seed);

/** A datagram of `length` bytes that starts with its number. */
function datagram(number: number, length = 1000): Buffer {
  const bytes = Buffer.alloc(length);
  bytes.writeUInt32BE(number);
  return bytes;
}

interface Delivery {
  readonly number: number;
  readonly due: number;
}

/** All that is under way, in the order of delivery. */
function drain(from: Lane<null>): Delivery[] {
  const deliveries: Delivery[] = [];
  for (let parcel = from.take(Infinity); parcel !== undefined; parcel = from.take(Infinity)) {
    deliveries.push({ number: parcel.datagram.readUInt32BE(), due: parcel.due });
  }
  return deliveries;
}

/** Offers `count` datagrams, one every `interval` ms. */
function offer(to: Lane<null>, count: number, interval: number): void {
  for (let number = 0; number < count; number++) to.accept(datagram(number), null, number * interval);
}

const numbers = (deliveries: Delivery[]) => deliveries.map((delivery) => delivery.number);

describe('delay', () => {
  it('gives nothing before its time and everything at it', () => {
    const slow = lane({ delay: 75 });
    slow.accept(datagram(7), null, 100);
    expect(slow.nextDue).toBe(175);
    expect(slow.take(174.999)).toBeUndefined();
    expect(slow.take(175)?.datagram.readUInt32BE()).toBe(7);
    expect(slow.nextDue).toBeUndefined();
  });

  it('leaves the spacing of datagrams as it was', () => {
    const slow = lane({ delay: 75 });
    offer(slow, 3, 10);
    expect(drain(slow).map(({ due }) => due)).toEqual([75, 85, 95]);
  });
});

describe('rate', () => {
  it('spaces a burst by the time that each datagram takes on the line', () => {
    const line = lane({ rate: 8, delay: 10 }); // 1000 bytes a millisecond
    offer(line, 4, 0);
    expect(drain(line).map(({ due }) => due)).toEqual([11, 12, 13, 14]);
  });

  it('gives no credit for the time in which the line was idle', () => {
    const line = lane({ rate: 8 });
    line.accept(datagram(0), null, 0);
    line.accept(datagram(1), null, 500);
    expect(drain(line).map(({ due }) => due)).toEqual([1, 501]);
  });
});

describe('queue', () => {
  it('drops exactly what does not fit behind what waits', () => {
    const line = lane({ rate: 8, queue: 5000 });
    offer(line, 12, 0);
    expect(numbers(drain(line))).toEqual([0, 1, 2, 3, 4]);
    expect(line.counters).toMatchObject({ datagramsIn: 12, datagramsOut: 5, dropped: 7, lost: 0 });
  });

  it('has room again for what the line has sent meanwhile', () => {
    const line = lane({ rate: 8, queue: 5000 });
    offer(line, 5, 0);
    line.accept(datagram(5), null, 0.5);
    line.accept(datagram(6), null, 1);
    line.accept(datagram(7), null, 1);
    expect(numbers(drain(line))).toEqual([0, 1, 2, 3, 4, 6]);
  });

  it('always takes one datagram when the line is free', () => {
    const line = lane({ rate: 8, queue: 0 });
    line.accept(datagram(0), null, 0);
    line.accept(datagram(1), null, 0);
    line.accept(datagram(2), null, 1);
    expect(numbers(drain(line))).toEqual([0, 2]);
  });
});

describe('loss', () => {
  it('takes about its share, and with the same seed always the same datagrams', () => {
    const survivors = (seed: number) => {
      const lossy = lane({ loss: 5 }, seed);
      offer(lossy, 10_000, 1);
      return numbers(drain(lossy));
    };
    const first = survivors(3);
    expect(survivors(3)).toEqual(first);
    expect(survivors(4)).not.toEqual(first);
    // 500 lost of 10,000; five standard deviations are 109.
    expect(Math.abs(10_000 - first.length - 500)).toBeLessThan(110);
  });

  it('uses the line all the same', () => {
    const lossy = lane({ loss: 100, rate: 8, queue: 2000 });
    offer(lossy, 3, 0);
    expect(lossy.counters).toMatchObject({ lost: 2, dropped: 1 });
  });
});

describe('jitter', () => {
  it('delays by at most its value and keeps the order', () => {
    const shaky = lane({ delay: 20, jitter: 10 });
    offer(shaky, 500, 1);
    const deliveries = drain(shaky);
    expect(numbers(deliveries)).toEqual(Array.from({ length: 500 }, (_, number) => number));
    const lateness = deliveries.map(({ number, due }) => due - number - 20);
    expect(Math.min(...lateness)).toBeGreaterThanOrEqual(0);
    expect(Math.max(...lateness)).toBeLessThanOrEqual(10);
    expect(Math.max(...lateness) - Math.min(...lateness)).toBeGreaterThan(5);
  });
});

describe('reordering', () => {
  it('lets those behind overtake, and loses nothing', () => {
    const unruly = lane({ delay: 20, reordering: 10 });
    offer(unruly, 1000, 1);
    const deliveries = drain(unruly);
    const late = deliveries.filter(({ number, due }) => due - number - 20 === REORDERING_HOLD);
    expect(late.length).toBeGreaterThan(50);
    expect(late.length).toBeLessThan(150);
    expect(numbers(deliveries).toSorted((a, b) => a - b)).toEqual([...Array(1000).keys()]);
    expect(numbers(deliveries)).not.toEqual([...Array(1000).keys()]);
    expect(deliveries.map(({ due }) => due)).toEqual(
      deliveries.map(({ due }) => due).toSorted((a, b) => a - b),
    );
  });
});

describe('duplication', () => {
  it('delivers twice and counts both', () => {
    const doubled = lane({ duplication: 100 });
    offer(doubled, 3, 1);
    expect(numbers(drain(doubled))).toEqual([0, 0, 1, 1, 2, 2]);
    expect(doubled.counters).toMatchObject({ datagramsIn: 3, datagramsOut: 6, bytesOut: 6000 });
  });
});

describe('corruption', () => {
  it('flips exactly one bit, in a copy', () => {
    const noisy = lane({ corruption: 100 });
    const original = Buffer.alloc(100);
    noisy.accept(original, null, 0);
    const bits = [...(noisy.take(0)?.datagram ?? [])].reduce((sum, byte) => sum + popCount(byte), 0);
    expect(bits).toBe(1);
    expect(original.equals(Buffer.alloc(100))).toBe(true);
  });

  it('leaves an empty datagram empty', () => {
    const noisy = lane({ corruption: 100 });
    noisy.accept(Buffer.alloc(0), null, 0);
    expect(noisy.take(0)?.datagram).toHaveLength(0);
  });
});

describe('control', () => {
  it('loses what is longer than the largest datagram', () => {
    const narrow = lane({ maxDatagramSize: 1232 });
    narrow.accept(datagram(0, 1232), null, 0);
    narrow.accept(datagram(1, 1233), null, 0);
    expect(numbers(drain(narrow))).toEqual([0]);
    expect(narrow.counters.lost).toBe(1);
  });

  it('loses the next datagrams that a script names', () => {
    const scripted = lane({});
    scripted.dropNext(2);
    offer(scripted, 4, 1);
    expect(numbers(drain(scripted))).toEqual([2, 3]);
  });

  it('asks the filter', () => {
    const scripted = lane({});
    scripted.filter = (bytes) => bytes.readUInt32BE() % 2 === 0;
    offer(scripted, 4, 1);
    expect(numbers(drain(scripted))).toEqual([0, 2]);
    expect(scripted.counters.lost).toBe(2);
  });

  it('loses what is sent while cut, and not what is under way', () => {
    const severed = lane({ delay: 50 });
    severed.accept(datagram(0), null, 0);
    severed.cut = true;
    severed.accept(datagram(1), null, 1);
    severed.cut = false;
    severed.accept(datagram(2), null, 2);
    expect(numbers(drain(severed))).toEqual([0, 2]);
  });

  it('applies changed conditions from the next datagram on', () => {
    const changing = lane({ delay: 50 });
    changing.accept(datagram(0), null, 0);
    changing.change({ loss: 100 });
    changing.accept(datagram(1), null, 1);
    changing.change({ loss: 0, delay: 60 });
    changing.accept(datagram(2), null, 2);
    expect(drain(changing)).toEqual([
      { number: 0, due: 50 },
      { number: 2, due: 62 },
    ]);
  });
});

function popCount(byte: number): number {
  return byte.toString(2).replaceAll('0', '').length;
}
