/** Most names that are kept, and the length of name and value together, characters. */
const MOST_NAMES = 64;
const LONGEST_LINE = 128;

/**
 * What was found out of field lines, for the last one of each name: most fields say the same in one message after the
 * other, and need not be looked at again. Bounded, whatever the names: 64 lines of 128 characters.
 */
export class LastLines<Finding> {
  #lines = new Map<string, { value: string; finding: Finding }>();

  /** What was found of this line, if it was the last one of its name. */
  find(name: string, value: string): Finding | undefined {
    const last = this.#lines.get(name);
    return last !== undefined && last.value === value ? last.finding : undefined;
  }

  keep(name: string, value: string, finding: Finding): void {
    if (name.length + value.length > LONGEST_LINE) return;
    const last = this.#lines.get(name);
    if (last !== undefined) {
      last.value = value;
      last.finding = finding;
      return;
    }
    // A new one: the tables of a Map that is cleared refer to one another.
    if (this.#lines.size >= MOST_NAMES) this.#lines = new Map();
    this.#lines.set(name, { value, finding });
  }
}
