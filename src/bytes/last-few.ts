/** How many are kept: who has much to do mostly says very few different things. */
const KEPT = 8;

/**
 * What was made of the last few keys, for those that come again: texts that are equal, or objects that are the same and
 * never change.
 */
export class LastFew<Key, Made> {
  readonly #keys: Key[] = [];
  readonly #made: Made[] = [];
  readonly #onAgain: (made: Made) => void;
  readonly #cameAgain: boolean[] = [];
  #next = 0;

  /** `onAgain`: is told of what is found for the first time. */
  constructor(onAgain: (made: Made) => void = () => {}) {
    this.#onAgain = onAgain;
  }

  find(key: Key): Made | undefined {
    for (let at = 0; at < this.#keys.length; at++) if (this.#keys[at] === key) return this.#found(at);
    return undefined;
  }

  /** Keeps it in the place of what was made of the key before, or else of the one that was kept first, and returns it. */
  keep(key: Key, made: Made): Made {
    const known = this.#keys.indexOf(key);
    const at = known < 0 ? this.#next : known;
    this.#keys[at] = key;
    this.#made[at] = made;
    this.#cameAgain[at] = false;
    if (known < 0) this.#next = (this.#next + 1) % KEPT;
    return made;
  }

  #found(at: number): Made {
    const made = this.#made[at] as Made;
    if (this.#cameAgain[at] === true) return made;
    this.#cameAgain[at] = true;
    this.#onAgain(made);
    return made;
  }
}
