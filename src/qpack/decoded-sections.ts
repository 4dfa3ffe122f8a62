import { makeLasting } from '../bytes/lasting.ts';

/** A section as it was decoded, of which each line is an entry of a table. */
export interface DecodedSection {
  readonly bytes: Uint8Array;
  /** The oldest entry that it refers to, by its absolute index; `Infinity` when there is none in the dynamic table. */
  readonly oldest: number;
  /** Names and values in turn, a lasting array. */
  readonly fields: readonly string[];
}

/** How many are kept, and bytes of each. */
const KEPT = 8;
const LONGEST_KEPT = 64;

/** The last sections that the peer sent and may send again, byte by byte the same. */
export class DecodedSections {
  readonly #sections: DecodedSection[] = [];
  #next = 0;

  find(bytes: Uint8Array): DecodedSection | undefined {
    if (bytes.length > LONGEST_KEPT) return undefined;
    for (let at = 0; at < this.#sections.length; at++) {
      const section = this.#sections[at] as DecodedSection;
      if (isEqual(section.bytes, bytes)) return section;
    }
    return undefined;
  }

  /**
   * Keeps it if it is short, and makes its fields a lasting array: in the place of the one before of the same bytes, if there is
   * one, else of the oldest.
   */
  keep(bytes: Uint8Array, oldest: number, fields: readonly string[]): void {
    if (bytes.length > LONGEST_KEPT) return;
    makeLasting(fields);
    const known = this.#sections.findIndex((section) => isEqual(section.bytes, bytes));
    const at = known < 0 ? this.#next : known;
    this.#sections[at] = { bytes: Uint8Array.from(bytes), oldest, fields };
    if (known < 0) this.#next = (this.#next + 1) % KEPT;
  }
}

// A loop, as so few bytes take less time than a call.
function isEqual(one: Uint8Array, other: Uint8Array): boolean {
  if (one.length !== other.length) return false;
  for (let at = 0; at < one.length; at++) if (one[at] !== other[at]) return false;
  return true;
}
