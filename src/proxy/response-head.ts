import { Rejection } from './failures.ts';

/** The head of an origin's response, interim or final, as it came: what it means is decided elsewhere. */
export interface ResponseHead {
  readonly status: number;
  readonly httpVersion: '1.0' | '1.1';
  /** Name, value, name, value, …, one byte a character, without the white space around values. */
  readonly rawHeaders: readonly string[];
}

/**
 * Reads a head (RFC 9112 §4, §5), one byte a character, up to but without its empty line. Lines end with CR LF, none is
 * folded, and there is no control character. Throws a Rejection with 502.
 */
export function parseResponseHead(text: string): ResponseHead {
  if (NOT_IN_HEADS.test(text)) throw malformed('control characters in the head');
  const lineEnd = endOfLine(text, 0);
  const match = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (match === null) throw malformed('no status line');
  const rawHeaders: string[] = [];
  for (let at = lineEnd + 2; at < text.length; ) {
    const end = endOfLine(text, at);
    readFieldLine(text, at, end, rawHeaders);
    at = end + 2;
  }
  return { status: Number(match[2]), httpVersion: match[1] === '0' ? '1.0' : '1.1', rawHeaders };
}

/** Reads a field line by itself, as trailers come, and appends name and value. Throws a Rejection with 502. */
export function parseFieldLine(line: string, out: string[]): void {
  if (NOT_IN_LINES.test(line)) throw malformed('control characters in a trailer');
  readFieldLine(line, 0, line.length, out);
}

/** What is answered for a response that cannot be read. */
export function malformed(what: string): Rejection {
  return new Rejection(502, `the origin's response is malformed: ${what}`);
}

// Controls but tab, and what is only half of a line's end.
const NOT_IN_HEADS = /[^\t\r\n -~\x80-\xff]|\r(?!\n)|(?<!\r)\n/;
const NOT_IN_LINES = /[^\t -~\x80-\xff]/;

// Many a server leaves out the space where the reason is empty.
const STATUS_LINE = /^HTTP\/1\.([01]) ([0-9]{3})(?: .*)?$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;

function endOfLine(text: string, from: number): number {
  const end = text.indexOf('\r\n', from);
  return end < 0 ? text.length : end;
}

function readFieldLine(text: string, start: number, end: number, out: string[]): void {
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
