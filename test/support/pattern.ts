/** Bodies for tests: bytes that follow from a seed, so that every byte out of place shows in the hash. */
import { type Cipher, createCipheriv, createHash } from 'node:crypto';
import { Readable } from 'node:stream';

const CHUNK = 64 * 1024;
const ZEROS = Buffer.alloc(CHUNK);

/** A stream of `size` bytes, the same for the same seed. Never more than a few chunks in memory. */
export function patternStream(size: number, seed = 0): Readable {
  return Readable.from(patternChunks(size, seed), { objectMode: false, highWaterMark: CHUNK });
}

/** The same bytes at once. */
export function patternBytes(size: number, seed = 0): Buffer {
  return Buffer.concat([...patternChunks(size, seed)]);
}

/** SHA-256 of the same bytes, in hex. */
export function patternHash(size: number, seed = 0): string {
  const hash = createHash('sha256');
  for (const chunk of patternChunks(size, seed)) hash.update(chunk);
  return hash.digest('hex');
}

export function sha256(bytes: Uint8Array): string {
  return createHash('sha256').update(bytes).digest('hex');
}

function* patternChunks(size: number, seed: number): Generator<Buffer> {
  const source = keystream(seed);
  for (let left = size; left > 0; left -= CHUNK) {
    yield source.update(left < CHUNK ? ZEROS.subarray(0, left) : ZEROS);
  }
}

// AES in counter mode: no two places look alike, at a gigabyte or so a second.
function keystream(seed: number): Cipher {
  const key = Buffer.alloc(16);
  key.writeDoubleBE(seed);
  return createCipheriv('aes-128-ctr', key, Buffer.alloc(16));
}
