import type { Random } from '../support/random.ts';
import type { Target } from './target.ts';

/** Bytes at which variable-length integers, prefixes and character classes change their meaning. */
const EDGES_OF_MEANING = [
  0, 1, 2, 7, 9, 10, 13, 0x0f, 0x10, 0x1f, 0x20, 0x21, 0x2c, 0x2f, 0x3a, 0x3b, 0x3f, 0x40, 0x41, 0x7e, 0x7f,
  0x80, 0x81, 0xbf, 0xc0, 0xdf, 0xe0, 0xef, 0xf0, 0xfe, 0xff,
];

/** Makes new inputs of old ones, in memory of its own that the next one uses again. */
export class Mutator {
  readonly #random: Random;
  readonly #dictionary: readonly Uint8Array[];
  readonly #bytes: Buffer;
  #length = 0;

  constructor({ maxLength, dictionary }: Pick<Target, 'maxLength' | 'dictionary'>, random: Random) {
    this.#random = random;
    this.#dictionary = dictionary;
    this.#bytes = Buffer.alloc(maxLength);
  }

  /** A variation of `base`, which may take parts of `other`. Valid until the next call. */
  mutate(base: Uint8Array, other: Uint8Array): Uint8Array {
    this.#length = Math.min(base.length, this.#bytes.length);
    this.#bytes.set(base.subarray(0, this.#length));
    do this.#step(other);
    while (this.#random.chance(0.6));
    return this.#bytes.subarray(0, this.#length);
  }

  #step(other: Uint8Array): void {
    const random = this.#random;
    switch (random.below(this.#length === 0 ? 3 : 11)) {
      case 0:
        this.#insert(this.#word());
        break;
      case 1:
        this.#insert(Uint8Array.of(random.below(256)));
        break;
      case 2:
        this.#insert(part(random, other));
        break;
      case 3:
        this.#change((byte) => byte ^ (1 << random.below(8)));
        break;
      case 4:
        this.#change(() => random.below(256));
        break;
      case 5:
        this.#change(() => random.pick(EDGES_OF_MEANING));
        break;
      case 6:
        this.#change((byte) => byte + random.below(17) - 8);
        break;
      case 7:
        this.#remove();
        break;
      case 8:
        this.#insert(Buffer.from(part(random, this.#bytes.subarray(0, this.#length))));
        break;
      case 9:
        this.#overwrite(random.chance(0.5) ? this.#word() : part(random, other));
        break;
      default:
        if (random.chance(0.3)) this.#length = random.below(this.#length + 1);
    }
  }

  // A few bytes of one value stand in for the lengths and floods that a dictionary cannot have.
  #word(): Uint8Array {
    const word = this.#dictionary[this.#random.below(this.#dictionary.length + 1)];
    return word ?? Buffer.alloc(1 + this.#random.below(64), this.#random.pick(EDGES_OF_MEANING));
  }

  #change(how: (byte: number) => number): void {
    const at = this.#random.below(this.#length);
    this.#bytes[at] = how(this.#bytes[at] as number);
  }

  #insert(bytes: Uint8Array): void {
    const at = this.#random.below(this.#length + 1);
    const added = bytes.subarray(0, this.#bytes.length - this.#length);
    this.#bytes.copyWithin(at + added.length, at, this.#length);
    this.#bytes.set(added, at);
    this.#length += added.length;
  }

  #overwrite(bytes: Uint8Array): void {
    const at = this.#random.below(this.#length);
    this.#bytes.set(bytes.subarray(0, this.#length - at), at);
  }

  #remove(): void {
    const at = this.#random.below(this.#length);
    const count = Math.min(1 + this.#random.below(this.#random.chance(0.7) ? 4 : 64), this.#length - at);
    this.#bytes.copyWithin(at, at + count, this.#length);
    this.#length -= count;
  }
}

function part(random: Random, bytes: Uint8Array): Uint8Array {
  const start = random.below(bytes.length + 1);
  return bytes.subarray(start, start + 1 + random.below(64));
}
