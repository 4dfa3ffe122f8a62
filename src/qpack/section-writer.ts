import { encodeRequiredInsertCount } from './required-insert-count.ts';
import { Writer } from './writer.ts';

/** How a field line is represented; `NEVER_INDEXED`, the N bit of RFC 9204 §4.5.4, is added to a literal. */
export const STATIC_LINE = 0;
export const DYNAMIC_LINE = 1;
export const STATIC_NAME = 2;
export const DYNAMIC_NAME = 3;
export const LITERAL_NAME = 4;
export const NEVER_INDEXED = 0x20;

/** Writes field sections (RFC 9204 §4.5): how each line is represented is said first, one by one, then all are written. */
export class SectionWriter {
  readonly #section = new Writer();
  readonly #forms: number[] = [];
  readonly #indexes: number[] = [];
  #lines = 0;
  #indexedLines = 0;
  #plainBytes = 0;

  /** Lines of the section, those of them that are entries of a table, and the bytes of all names and values. */
  get lines(): number {
    return this.#lines;
  }

  get indexedLines(): number {
    return this.#indexedLines;
  }

  get plainBytes(): number {
    return this.#plainBytes;
  }

  /** Begins a section. */
  begin(): void {
    // The arrays keep what they had: without it, they would be made anew each time.
    this.#lines = 0;
    this.#indexedLines = 0;
    this.#plainBytes = 0;
  }

  /** The next line has this form. `index`: in the static table, or the absolute one in the dynamic table. */
  choose(form: number, index: number): void {
    this.#forms[this.#lines] = form;
    this.#indexes[this.#lines++] = index;
    if (form === STATIC_LINE || form === DYNAMIC_LINE) this.#indexedLines++;
  }

  /**
   * Writes all lines. Base is the Required Insert Count (§4.5.1.2): every reference is to an entry before it, the newest one
   * the shortest. What it gives is good until the next call. Throws a RangeError when a character is no byte.
   */
  write(fields: readonly string[], requiredInsertCount: number, maxEntries: number): Uint8Array {
    this.#section.reset();
    this.#section.integer(0, 8, encodeRequiredInsertCount(requiredInsertCount, maxEntries));
    this.#section.integer(0, 7, 0);
    for (let line = 0; line < this.#lines; line++) {
      const name = fields[line * 2] as string;
      const value = fields[line * 2 + 1] as string;
      this.#plainBytes += name.length + value.length;
      this.#writeLine(
        this.#forms[line] as number,
        this.#indexes[line] as number,
        requiredInsertCount,
        name,
        value,
      );
    }
    return this.#section.view();
  }

  #writeLine(form: number, index: number, base: number, name: string, value: string): void {
    const relative = base - 1 - index;
    // Indexed Field Line (§4.5.2): 1 T index(6+)
    if (form === STATIC_LINE) this.#section.integer(0xc0, 6, index);
    else if (form === DYNAMIC_LINE) this.#section.integer(0x80, 6, relative);
    else {
      const neverIndexed = form & NEVER_INDEXED;
      const kind = form - neverIndexed;
      // Literal Field Line with Name Reference (§4.5.4): 0 1 N T index(4+)
      if (kind === STATIC_NAME) this.#section.integer(0x50 | neverIndexed, 4, index);
      else if (kind === DYNAMIC_NAME) this.#section.integer(0x40 | neverIndexed, 4, relative);
      // Literal Field Line with Literal Name (§4.5.6): 0 0 1 N H length(3+); its N is one bit lower
      else this.#section.string(0x20 | (neverIndexed >> 1), 4, name);
      this.#section.string(0, 8, value);
    }
  }
}
