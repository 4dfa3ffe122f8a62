/** HTTP/1.1 messages as RFC 9112 has them, read all at once and by other means than the parsers do. */
import type { ContentEnd } from '../../../src/proxy/message-parser.ts';
import { check } from '../target.ts';
import type { Trace } from '../trace.ts';

const FIELD =
  /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+):[\t ]*((?:[!-~\x80-\xff](?:[\t -~\x80-\xff]*[!-~\x80-\xff])?)?)[\t ]*$/;
const CHUNK = /^([0-9A-Fa-f]{1,16})(?:[\t ]*;[\t -~\x80-\xff]*)?$/;

/** Has `parsed` read an input at once, byte by byte and in parts: what is told must be `wanted` each time. */
export function checkHoweverItComes(
  input: Uint8Array,
  wanted: string,
  parsed: (input: Uint8Array, step: number) => string,
): void {
  check(parsed(input, input.length) === wanted, 'messages come out as RFC 9112 has them');
  check(parsed(input, 1) === wanted, 'messages that arrive byte by byte are the same');
  const cut = 1 + ((input[0] ?? 0) % Math.max(1, input.length));
  check(parsed(input, cut) === wanted, 'messages that arrive in parts are the same');
}

/** Names and values of field lines; none when a line is wrong. */
export function fieldsOf(lines: readonly string[]): string[] | undefined {
  const fields: string[] = [];
  for (const line of lines) {
    const match = FIELD.exec(line);
    if (match === null) return undefined;
    fields.push(match[1] ?? '', match[2] ?? '');
  }
  return fields;
}

/** What is told of content that begins at `start`, and of the end of the message. */
export function contentOf(input: string, start: number, end: ContentEnd, trace: Trace): string {
  trace.size(3, input.length - start);
  if (end === 'close') return `${input.slice(start)}\ncomplete`;
  if (end === 'last-chunk') return chunks(input, start, trace);
  const text = input.slice(start, start + end);
  return `${text}\n${text.length < end ? 'cut' : `\ncomplete after ${start + end}`}`;
}

function chunks(input: string, start: number, trace: Trace): string {
  let told = '';
  for (let at = start; ; ) {
    const end = input.indexOf('\r\n', at);
    if (end < 0) return `${told}\ncut`;
    const digits = CHUNK.exec(input.slice(at, end))?.[1];
    const size = Number.parseInt(digits ?? '', 16);
    if (!Number.isSafeInteger(size)) return `${told}\nwrong`;
    if (size === 0) return told + trailers(input, end + 2);
    trace.size(4, size);
    told += input.slice(end + 2, end + 2 + size);
    at = end + 2 + size;
    const behind = input.slice(at, at + 2);
    if (behind.length < 2) return `${told}\ncut`;
    if (behind !== '\r\n') return `${told}\nwrong`;
    at += 2;
  }
}

function trailers(input: string, start: number): string {
  const fields: string[] = [];
  for (let at = start; ; ) {
    const end = input.indexOf('\r\n', at);
    if (end < 0) return '\ncut';
    const line = input.slice(at, end);
    at = end + 2;
    if (line === '') return `\n${fields.join('|')}\ncomplete after ${at}`;
    const field = fieldsOf([line]);
    if (field === undefined) return '\nwrong';
    fields.push(...field);
  }
}
