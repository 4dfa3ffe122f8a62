/**
 * What executions do, as far as it shows: each outcome that a target tells (a branch, an instruction, an error, a
 * length by its order of magnitude) and the one before it make an edge. An input with an edge that no input had is
 * worth keeping. That takes the place of the counters of an instrumented program, at a hundredth of their cost.
 */
export class Trace {
  readonly #seen = new Uint8Array(EDGES);
  readonly #edges = new Uint16Array(MOST_EDGES);
  #count = 0;
  #last = 0;
  #known = 0;

  /** Edges seen in all executions. */
  get known(): number {
    return this.#known;
  }

  /** The edges of the execution so far; only until the next one. */
  get edges(): Uint16Array {
    return this.#edges.subarray(0, this.#count);
  }

  /** Begins an execution. */
  start(): void {
    this.#count = 0;
    this.#last = 0;
  }

  /** An outcome. */
  hit(outcome: number): void {
    const here = Math.imul(outcome + 1, 0x9e37_79b1) >>> 16;
    if (this.#count < MOST_EDGES) this.#edges[this.#count++] = here ^ this.#last;
    this.#last = here >>> 1;
  }

  /** An outcome that has words, of which digits do not matter. */
  say(words: string): void {
    let hash = 0;
    for (let at = 0; at < words.length; at++) {
      const code = words.charCodeAt(at);
      if (code < 0x30 || code > 0x39) hash = (Math.imul(hash, 31) + code) | 0;
    }
    this.hit(hash);
  }

  /** An outcome that is a number, by its order of magnitude. */
  size(outcome: number, count: number): void {
    this.hit(outcome * 64 + 32 - Math.clz32(count));
  }

  /** Whether the execution had an edge that none had before. */
  isNews(): boolean {
    const before = this.#known;
    for (let at = 0; at < this.#count; at++) {
      const edge = this.#edges[at] as number;
      if (this.#seen[edge] === 0) {
        this.#seen[edge] = 1;
        this.#known++;
      }
    }
    return this.#known > before;
  }
}

const EDGES = 65_536;
const MOST_EDGES = 512;
