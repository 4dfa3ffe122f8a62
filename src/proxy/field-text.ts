/**
 * Field lines (RFC 9112 §5) as they are written, each with its end. Throws a TypeError where a line would not be one:
 * HTTP/3 has checked all that goes into it, but what slipped through would be a message of its own to the receiver.
 */
export function fieldText(headers: readonly string[]): string {
  let text = '';
  for (let at = 0; at < headers.length; at += 2) text += fieldLine(headers[at] ?? '', headers[at + 1] ?? '');
  return text;
}

const LINE = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+: [\t -~\x80-\xff]*\r\n$/;

/** Most names whose last line is kept, and its length, characters. */
const MOST_KEPT = 64;
const LONGEST_KEPT = 128;

interface KeptLine {
  value: string;
  line: string;
}

/** The last line of a name: most fields say the same in one message after the other, and need not be checked again. */
let kept = new Map<string, KeptLine>();

function fieldLine(name: string, value: string): string {
  const last = kept.get(name);
  if (last !== undefined && last.value === value) return last.line;
  const line = `${name}: ${value}\r\n`;
  if (!LINE.test(line)) throw new TypeError('a field that cannot be written');
  if (line.length <= LONGEST_KEPT) keep(name, value, line, last);
  return line;
}

function keep(name: string, value: string, line: string, last: KeptLine | undefined): void {
  if (last !== undefined) {
    last.value = value;
    last.line = line;
    return;
  }
  // A new one: the tables of a Map that is cleared refer to one another.
  if (kept.size >= MOST_KEPT) kept = new Map();
  kept.set(name, { value, line });
}
