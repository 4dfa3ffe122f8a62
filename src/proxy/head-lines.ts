import { ownText } from '../bytes/own-text.ts';

/** Heads are kept that have no more bytes. */
export const LONGEST_KEPT_HEAD = 4096;

/** What a head, or a line, that cannot be read is answered with: `what` says what is wrong with it. */
export type Malformed = (what: string) => Error;

/**
 * Looks whether a part of a head has lines as they must be (RFC 9112 §2.2, §5): ended by CR LF, without control characters.
 */
export function checkLines(text: string, malformed: Malformed): void {
  if (NOT_IN_HEADS.test(text)) throw malformed('control characters in the head');
}

/** Reads field lines (RFC 9112 §5), from `from` to the end of a head, one byte a character, and appends names and values. */
export function readFieldLines(text: string, from: number, out: string[], malformed: Malformed): void {
  for (let at = from, place = 0; at < text.length; place++) {
    const known = LAST[place];
    if (known !== undefined && isLineAt(text, at, known.line)) {
      out.push(known.name, known.value);
      at += known.line.length + LINE_END.length;
    } else {
      const end = endOfLine(text, at);
      const line = text.slice(at, end);
      const isKept = place < MOST_KEPT && line.length <= LONGEST_KEPT;
      const read = readFieldLine(isKept ? ownText(line) : line, 'the head', malformed);
      out.push(read.name, read.value);
      if (isKept) LAST[place] = read;
      at = end + LINE_END.length;
    }
  }
}

/** Reads a field line by itself, as trailers come, and appends name and value. */
export function parseFieldLine(line: string, out: string[], malformed: Malformed): void {
  const { name, value } = readFieldLine(line, 'a trailer', malformed);
  out.push(name, value);
}

/** Whether the line at `at` is `line`. */
export function isLineAt(text: string, at: number, line: string): boolean {
  const end = at + line.length;
  const isWhole = end === text.length || (text.charCodeAt(end) === CR && text.charCodeAt(end + 1) === LF);
  // Not `startsWith`, which looks at one character after the other.
  return isWhole && text.slice(at, end) === line;
}

/** Where the line at `from` ends. */
export function endOfLine(text: string, from: number): number {
  const end = text.indexOf(LINE_END, from);
  return end < 0 ? text.length : end;
}

const LINE_END = '\r\n';

interface FieldLine {
  readonly line: string;
  readonly name: string;
  readonly value: string;
}

/**
 * The lines of heads before, each at its place: one head after the other mostly has the same ones, and need not be looked
 * at again.
 */
const LAST: FieldLine[] = [];
const MOST_KEPT = 32;
const LONGEST_KEPT = 128;

// Controls but tab, and what is only half of a line's end.
const NOT_IN_HEADS = /[^\t\r\n -~\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const NOT_IN_LINES = /[^\t -~\x80-\xff]/;

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function readFieldLine(line: string, where: string, malformed: Malformed): FieldLine {
  if (NOT_IN_LINES.test(line)) throw malformed(`control characters in ${where}`);
  const colon = line.indexOf(':');
  const name = colon < 0 ? '' : line.slice(0, colon);
  // A folded line (§5.2) begins with white space, and so has no name either.
  if (!NAME.test(name)) throw malformed('a field without a proper name');
  let from = colon + 1;
  let to = line.length;
  while (from < to && isBlank(line, from)) from++;
  while (to > from && isBlank(line, to - 1)) to--;
  return { line, name, value: line.slice(from, to) };
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === SPACE || code === TAB;
}

const LF = 0x0a;
const CR = 0x0d;
const SPACE = 0x20;
const TAB = 0x09;
