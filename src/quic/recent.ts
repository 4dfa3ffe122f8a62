import { NewestMap } from '../bytes/newest-map.ts';

/** What was there a moment ago: texts, each for a while, and no more than a number of them. */
export class Recent {
  readonly #memory: number;
  /** When each may be forgotten. */
  readonly #until: NewestMap<string, number>;

  /** `memory`: how long each is remembered, milliseconds; `capacity`: how many at most. */
  constructor(memory: number, capacity: number) {
    this.#memory = memory;
    this.#until = new NewestMap(capacity);
  }

  add(text: string, now: number): void {
    this.#until.set(text, now + this.#memory);
  }

  has(text: string, now: number): boolean {
    const until = this.#until.get(text);
    return until !== undefined && now < until;
  }
}
