import { describe, expect, it } from 'vitest';
import { ReadSlab } from './read-slab.ts';

/** Reads `length` bytes of `value`. */
function read(slab: ReadSlab, length: number, value: number): Uint8Array {
  slab.room().fill(value, 0, length);
  return slab.take(length);
}

describe('memory for what is read', () => {
  it('has room for 16 KB at any time', () => {
    const slab = new ReadSlab();
    for (let length = 0; length < 100; length++) {
      expect(slab.room().length).toBeGreaterThanOrEqual(16 * 1024);
      read(slab, (length * 977) % slab.room().length, 1);
    }
  });

  it('is never used twice: no chunk changes after it was taken', () => {
    const slab = new ReadSlab();
    const sizes = [1, 2047, 2048, 16_384, 5, 40_000, 2048, 60_000, 100, 16_000, 16_000, 16_000, 16_000, 1];
    const chunks = sizes.map((length, index) => read(slab, length, index + 1));
    for (const [index, chunk] of chunks.entries()) {
      expect(chunk.length).toBe(sizes[index]);
      expect(chunk.every((byte) => byte === index + 1)).toBe(true);
    }
  });

  it('is not held by small chunks', () => {
    const slab = new ReadSlab();
    const block = slab.room().buffer;
    expect(read(slab, 2047, 1).buffer).not.toBe(block);
    expect(read(slab, 2048, 1).buffer).toBe(block);
  });
});
