/** What a head, or a line, that cannot be read is answered with: `what` says what is wrong with it. */
export type Malformed = (what: string) => Error;

/**
 * Looks whether a head, or part of one, has lines as they must be (RFC 9112 §2.2, §5): ended by CR LF, without control
 * characters.
 */
export function checkLines(text: string, malformed: Malformed): void {
  if (NOT_IN_HEADS.test(text)) throw malformed('control characters in the head');
}

/** Reads field lines (RFC 9112 §5), from `from` to the end of a head, one byte a character, and appends names and values. */
export function readFieldLines(text: string, from: number, out: string[], malformed: Malformed): void {
  for (let at = from; at < text.length; ) {
    const end = endOfLine(text, at);
    readFieldLine(text, at, end, out, malformed);
    at = end + 2;
  }
}

/** Reads a field line by itself, as trailers come, and appends name and value. */
export function parseFieldLine(line: string, out: string[], malformed: Malformed): void {
  if (NOT_IN_LINES.test(line)) throw malformed('control characters in a trailer');
  readFieldLine(line, 0, line.length, out, malformed);
}

/** Where the line at `from` ends. */
export function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end < 0 ? text.length : end;
}

// Controls but tab, and what is only half of a line's end.
const NOT_IN_HEADS = /[^\t\r\n -~\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const NOT_IN_LINES = /[^\t -~\x80-\xff]/;

const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function readFieldLine(text: string, start: number, end: number, out: string[], malformed: Malformed): void {
  const colon = text.indexOf(':', start);
  const name = colon < 0 || colon > end ? '' : text.slice(start, colon);
  // A folded line (§5.2) begins with white space, and so has no name either.
  if (!NAME.test(name)) throw malformed('a field without a proper name');
  let from = colon + 1;
  let to = end;
  while (from < to && isBlank(text, from)) from++;
  while (to > from && isBlank(text, to - 1)) to--;
  out.push(name, text.slice(from, to));
}

function isBlank(text: string, at: number): boolean {
  const code = text.charCodeAt(at);
  return code === SPACE || code === TAB;
}

const SPACE = 0x20;
const TAB = 0x09;
