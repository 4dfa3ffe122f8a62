import { LastLines } from '../bytes/last-lines.ts';

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

/** The lines that were written. */
const written = new LastLines<string>();

function fieldLine(name: string, value: string): string {
  const known = written.find(name, value);
  if (known !== undefined) return known;
  const line = `${name}: ${value}\r\n`;
  if (!LINE.test(line)) throw new TypeError('a field that cannot be written');
  written.keep(name, value, line);
  return line;
}
