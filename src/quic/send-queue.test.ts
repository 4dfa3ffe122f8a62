import { beforeEach, describe, expect, it } from 'vitest';
import { SendingFixture } from './engine.fixture.ts';
import { type SendHalf, SendQueue } from './send-queue.ts';
import { Stream } from './stream.ts';

const GAUGE = 2;
const WINDOW = 1_000_000;
const SIZE = 1350;
const OVERHEAD = 46;

let engine: SendingFixture;
let queue: SendQueue;
let events: string[];

function newQueue(sendWindow: number): SendQueue {
  const created = new SendQueue(engine, sendWindow, {
    onStopped: ({ id }, code) => events.push(`${id} stopped ${code}`),
    onDrain: ({ id }) => events.push(`${id} drain`),
    onDone: ({ id }) => events.push(`${id} done`),
  });
  created.useGauge(GAUGE);
  return created;
}

beforeEach(() => {
  engine = new SendingFixture();
  events = [];
  queue = newQueue(WINDOW);
});

const half = (id: number): SendHalf => new Stream(id, 'client', 0);

const fill = (room: number): number => queue.fill(room, SIZE, OVERHEAD);

/** Takes all that the engine does. */
function drain(): void {
  while (fill(100_000) > 0);
}

describe('writing', () => {
  it('says that it is enough at 256 KB a stream, and tells when half of that is gone', () => {
    const stream = half(0);
    expect(queue.write(stream, Buffer.alloc(255 * 1024), false)).toBe(true);
    expect(queue.write(stream, Buffer.alloc(1024), false)).toBe(false);
    fill(100 * 1024);
    queue.emitDrains();
    expect(events).toEqual([]);
    fill(100 * 1024);
    queue.emitDrains();
    queue.emitDrains();
    expect(events).toEqual(['0 drain']);
  });

  it('says that it is enough when all streams together hold the send window', () => {
    const [first, second] = [half(0), half(4)];
    queue = newQueue(100_000);
    expect(queue.write(first, Buffer.alloc(99_999), false)).toBe(true);
    expect(queue.write(second, Buffer.alloc(20_000), false)).toBe(false);
    queue.emitDrains();
    expect(events).toEqual([]);
    drain();
    queue.emitDrains();
    expect(events).toEqual(['4 drain']);
  });

  it('goes on for a stream with little queued while others fill the window', () => {
    const [still, lively] = [half(0), half(4)];
    queue = newQueue(100_000);
    engine.credit.set(0, 10);
    queue.write(still, Buffer.alloc(200_000), false);
    expect(queue.write(lively, Buffer.alloc(10_000), false)).toBe(true);
    expect(queue.write(lively, Buffer.alloc(10_000), false)).toBe(false);
    drain();
    queue.emitDrains();
    expect(events).toEqual(['4 drain']);
  });

  it('counts the bytes that wait', () => {
    const [first, second] = [half(0), half(4)];
    queue.write(first, Buffer.alloc(1000), false);
    queue.write(second, Buffer.alloc(500), true);
    expect(queue.byteLength).toBe(1500);
    queue.drop(first);
    expect(queue.byteLength).toBe(500);
    drain();
    expect(queue.byteLength).toBe(0);
  });

  it('is of no effect after the end', () => {
    const stream = half(0);
    queue.write(stream, Buffer.alloc(10), true);
    expect(queue.write(stream, Buffer.alloc(10), true)).toBe(true);
    drain();
    expect(engine.taken).toEqual([[0, 10, true]]);
    expect(events).toEqual(['0 done']);
  });
});

describe('the engine is given', () => {
  it('what fills the room, headers included', () => {
    queue.write(half(0), Buffer.alloc(100_000), false);
    expect(fill(10 * SIZE)).toBe(10 * (SIZE - OVERHEAD));
    expect(fill(OVERHEAD)).toBe(0);
    expect(fill(OVERHEAD + 1)).toBe(1);
  });

  it('slices of streams in turns', () => {
    for (const id of [0, 4, 8]) queue.write(half(id), Buffer.alloc(40_000), false);
    drain();
    const turns = engine.taken.map(([id]) => id).filter((id, index, all) => id !== all[index - 1]);
    expect(turns).toEqual([0, 4, 8, 0, 4, 8, 0, 4, 8]);
  });

  it('a header for each small stream', () => {
    for (let id = 0; id < 400; id += 4) queue.write(half(id), Buffer.alloc(54), true);
    expect(fill(1000)).toBe(540);
  });

  it('the end with the last bytes', () => {
    queue.write(half(0), Buffer.alloc(100), false);
    const stream = half(4);
    queue.write(stream, Buffer.alloc(10), false);
    queue.write(stream, Buffer.alloc(10), true);
    drain();
    expect(engine.taken).toEqual([
      [0, 100, false],
      [4, 20, true],
    ]);
    expect(events).toEqual(['4 done']);
  });

  it('the end with what is queued, and none where nothing is', () => {
    const [waiting, stalled, idle] = [half(0), half(4), half(8)];
    engine.credit.set(4, 10);
    for (const stream of [waiting, stalled, idle]) queue.write(stream, Buffer.alloc(10), false);
    queue.write(stalled, Buffer.alloc(10), false);
    drain();
    queue.write(waiting, Buffer.alloc(10), false);
    expect([waiting, stalled, idle].map((stream) => queue.finish(stream))).toEqual([true, true, false]);
    engine.taken.length = 0;
    engine.credit.set(4, 100);
    queue.revive(Number.POSITIVE_INFINITY);
    drain();
    expect(engine.taken).toEqual([
      [0, 10, true],
      [4, 10, true],
    ]);
    expect(events).toEqual(['0 done', '4 done']);
    expect(queue.finish(stalled)).toBe(true);
  });

  it('the end alone where there is nothing else', () => {
    queue.write(half(0), Buffer.alloc(0), true);
    drain();
    expect(engine.taken).toEqual([[0, 0, true]]);
    expect(events).toEqual(['0 done']);
  });

  it('what a full connection did not take, later', () => {
    engine.cwnd = 1000;
    engine.heard(0);
    queue.write(half(0), Buffer.alloc(1500), true);
    queue.write(half(4), Buffer.alloc(1500), true);
    expect(fill(10_000)).toBe(1000);
    expect(queue.hasReady).toBe(true);
    engine.cwnd = 1e6;
    engine.heard(0);
    drain();
    expect(events.sort()).toEqual(['0 done', '4 done']);
    expect(queue.byteLength).toBe(0);
  });

  it('what a stream without credit holds, once it has some', () => {
    engine.credit.set(0, 100);
    queue.write(half(0), Buffer.alloc(150), true);
    queue.write(half(4), Buffer.alloc(150), true);
    drain();
    expect(events).toEqual(['4 done']);
    expect(queue.hasReady).toBe(false);
    queue.revive(Number.POSITIVE_INFINITY);
    expect(queue.hasReady).toBe(false);
    engine.credit.set(0, 100);
    queue.revive(Number.POSITIVE_INFINITY);
    drain();
    expect(events).toEqual(['4 done', '0 done']);
  });
});

describe('streams without credit', () => {
  it('are asked about a bounded number at once, each in its turn', () => {
    const halves = Array.from({ length: 600 }, (_, index) => half(4 * index));
    for (const each of halves) {
      engine.credit.set(each.id, 0);
      queue.write(each, Buffer.alloc(10), true);
    }
    drain();
    for (const each of halves) engine.credit.set(each.id, 10);
    const done = [256, 512, 600];
    for (const count of done) {
      queue.revive(Number.POSITIVE_INFINITY);
      drain();
      expect(events).toHaveLength(count);
    }
  });

  it('have new credit also when they are checked one by one', () => {
    engine.credit.set(0, 0);
    const stream = half(0);
    queue.write(stream, Buffer.alloc(10), true);
    drain();
    engine.credit.set(0, 10);
    queue.check(stream);
    drain();
    expect(events).toEqual(['0 done']);
  });
});

describe('a stream that the peer stopped', () => {
  const STOPPED = 'StreamStopped(268)';

  it('is over when more is given', () => {
    const stream = half(0);
    queue.write(stream, Buffer.alloc(100_000), false);
    engine.failures.set(0, STOPPED);
    drain();
    expect(events).toEqual(['0 stopped 268', '0 done']);
    expect(queue.byteLength).toBe(0);
    expect(queue.write(stream, Buffer.alloc(10), true)).toBe(true);
    expect(queue.hasReady).toBe(false);
  });

  it('is over while it waits for credit', () => {
    engine.credit.set(0, 10);
    queue.write(half(0), Buffer.alloc(100), false);
    drain();
    engine.failures.set(0, STOPPED);
    queue.revive(Number.POSITIVE_INFINITY);
    expect(events).toEqual(['0 stopped 268', '0 done']);
  });

  it('is over when it is asked while idle', () => {
    const stream = half(0);
    queue.check(stream);
    expect(events).toEqual([]);
    engine.failures.set(0, STOPPED);
    queue.check(stream);
    queue.check(stream);
    expect(events).toEqual(['0 stopped 268', '0 done']);
  });

  it('is over also when the engine has forgotten why', () => {
    engine.failures.set(0, 'InvalidStreamState(0)');
    queue.check(half(0));
    expect(events).toEqual(['0 stopped 0', '0 done']);
  });
});
