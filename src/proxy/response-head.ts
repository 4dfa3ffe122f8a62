import { Rejection } from './failures.ts';
import { checkLines, endOfLine, readFieldLines } from './head-lines.ts';

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
  checkLines(text, malformedResponse);
  const lineEnd = endOfLine(text, 0);
  const match = STATUS_LINE.exec(text.slice(0, lineEnd));
  if (match === null) throw malformedResponse('no status line');
  const rawHeaders: string[] = [];
  readFieldLines(text, lineEnd + 2, rawHeaders, malformedResponse);
  return { status: Number(match[2]), httpVersion: match[1] === '0' ? '1.0' : '1.1', rawHeaders };
}

/** What is answered for a response that cannot be read. */
export function malformedResponse(what: string): Rejection {
  return new Rejection(502, `the origin's response is malformed: ${what}`);
}

// Many a server leaves out the space where the reason is empty.
const STATUS_LINE = /^HTTP\/1\.([01]) ([0-9]{3})(?: .*)?$/;
