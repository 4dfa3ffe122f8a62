import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { ChunkQueue } from './chunk-queue.ts';

const bytes = (...values: number[]) => new Uint8Array(values);

function queueOf(...chunks: Uint8Array[]): ChunkQueue {
  const queue = new ChunkQueue();
  for (const chunk of chunks) queue.push(chunk);
  return queue;
}

describe('ChunkQueue', () => {
  it('gives chunks back in order, the very same memory', () => {
    const first = bytes(1, 2);
    const second = bytes(3);
    const queue = queueOf(first, second);
    expect(queue.byteLength).toBe(3);
    expect(queue.shift()).toBe(first);
    expect(queue.byteLength).toBe(1);
    expect(queue.peek()).toBe(second);
    expect(queue.byteLength).toBe(1);
    expect(queue.shift()).toBe(second);
    expect(queue.shift()).toBeUndefined();
    expect(queue.peek()).toBeUndefined();
    expect(queue.byteLength).toBe(0);
  });

  it('keeps no empty chunk', () => {
    const queue = queueOf(bytes(), bytes(1), bytes());
    expect(queue.shift()).toEqual(bytes(1));
    expect(queue.shift()).toBeUndefined();
  });

  it('consumes part of a chunk, then the rest', () => {
    const queue = queueOf(bytes(1, 2, 3), bytes(4));
    queue.consume(2);
    expect(queue.peek()).toEqual(bytes(3));
    expect(queue.byteLength).toBe(2);
    queue.consume(0);
    queue.consume(1);
    expect(queue.peek()).toEqual(bytes(4));
  });

  it('consumes several chunks at once', () => {
    const queue = queueOf(bytes(1, 2), bytes(3), bytes(4, 5));
    queue.consume(4);
    expect(queue.peek()).toEqual(bytes(5));
    expect(queue.byteLength).toBe(1);
  });

  it.each([
    ['as many whole chunks as there is room for', 4, [1, 2, 3, 4]],
    ['nothing where only one fits: it can be had without', 2, []],
    ['all there are', 9, [1, 2, 3, 4, 5, 6]],
  ])('copies %s, and keeps them', (_, room, expected) => {
    const queue = queueOf(bytes(1, 2), bytes(3), bytes(4), bytes(5, 6));
    const into = new Uint8Array(room);
    expect([...into.subarray(0, queue.copy(into))]).toEqual(expected);
    expect(queue.byteLength).toBe(6);
    expect(queue.peek()).toEqual(bytes(1, 2));
  });

  it('copies nothing of a queue of one chunk, or none', () => {
    expect(queueOf(bytes(1)).copy(new Uint8Array(9))).toBe(0);
    expect(queueOf().copy(new Uint8Array(9))).toBe(0);
  });

  it.each([3, -1])('refuses to consume %i bytes of two, and stays as it was', (count) => {
    const queue = queueOf(bytes(1), bytes(2));
    expect(() => queue.consume(count)).toThrow(RangeError);
    expect(queue.byteLength).toBe(2);
    expect(queue.peek()).toEqual(bytes(1));
  });

  it('refuses to consume from an empty queue', () => {
    expect(() => new ChunkQueue().consume(1)).toThrow(RangeError);
  });

  it('is empty and usable after clear', () => {
    const queue = queueOf(bytes(1), bytes(2));
    queue.clear();
    expect(queue.byteLength).toBe(0);
    expect(queue.peek()).toBeUndefined();
    queue.push(bytes(3));
    expect(queue.shift()).toEqual(bytes(3));
  });

  it('is the same bytes as a plain list, whatever is done to it', () => {
    const push = fc.uint8Array({ maxLength: 5 }).map((chunk) => ({ kind: 'push', chunk }) as const);
    const other = fc.constantFrom(
      { kind: 'shift' } as const,
      { kind: 'consume' } as const,
      { kind: 'copy' } as const,
    );
    const into = new Uint8Array(12);
    // Mostly pushes first, so that the queue grows long enough to cut off what was taken.
    const operations = fc.tuple(
      fc.array(push, { maxLength: 200 }),
      fc.array(fc.oneof(push, other), { maxLength: 400 }),
    );
    fc.assert(
      fc.property(operations, ([pushes, mixed]) => {
        const queue = new ChunkQueue();
        let model: number[] = [];
        for (const operation of [...pushes, ...mixed]) {
          const first = queue.peek();
          if (operation.kind === 'push') {
            queue.push(operation.chunk);
            model.push(...operation.chunk);
          } else if (operation.kind === 'shift') {
            expect(queue.shift()).toBe(first);
            model = model.slice(first?.length ?? 0);
          } else if (operation.kind === 'copy') {
            const length = queue.copy(into);
            expect([...into.subarray(0, length)]).toEqual(model.slice(0, length));
            queue.consume(length);
            model = model.slice(length);
          } else if (first !== undefined) {
            const count = Math.ceil(first.length / 2);
            queue.consume(count);
            model = model.slice(count);
          }
          expect(queue.byteLength).toBe(model.length);
        }
        const rest: number[] = [];
        for (let chunk = queue.shift(); chunk !== undefined; chunk = queue.shift()) rest.push(...chunk);
        expect(rest).toEqual(model);
      }),
    );
  });
});
