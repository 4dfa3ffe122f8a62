/** What was there a moment ago: texts, each for a while, and no more than a number of them. */
export class Recent {
  readonly #memory: number;
  readonly #capacity: number;
  /** When each may be forgotten, the oldest first. */
  readonly #until = new Map<string, number>();

  /** `memory`: how long each is remembered, milliseconds; `capacity`: how many at most. */
  constructor(memory: number, capacity: number) {
    this.#memory = memory;
    this.#capacity = capacity;
  }

  add(text: string, now: number): void {
    this.#until.delete(text);
    this.#until.set(text, now + this.#memory);
    if (this.#until.size <= this.#capacity) return;
    for (const oldest of this.#until.keys()) {
      this.#until.delete(oldest);
      return;
    }
  }

  has(text: string, now: number): boolean {
    const until = this.#until.get(text);
    return until !== undefined && now < until;
  }
}
