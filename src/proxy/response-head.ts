import { LastFew } from '../bytes/last-few.ts';
import { makeLasting } from '../bytes/lasting.ts';
import { ownText } from '../bytes/own-text.ts';
import { Rejection } from './failures.ts';
import { endOfLine, isLineAt, LONGEST_KEPT_HEAD, readFieldLines } from './head-lines.ts';

/** The head of an origin's response, interim or final, as it came: what it means is decided elsewhere. */
export interface ResponseHead {
  readonly status: number;
  readonly httpVersion: '1.0' | '1.1';
  /** Name, value, name, value, …, one byte a character, without the white space around values. */
  readonly rawHeaders: readonly string[];
}

/**
 * Reads a head (RFC 9112 §4, §5), one byte a character, up to but without its empty line. Lines end with CR LF, none is
 * folded, and there is no control character. Equal heads are the same object, as long as not many others come between.
 * Throws a Rejection with 502.
 */
export function parseResponseHead(text: string): ResponseHead {
  const known = heads.find(text);
  if (known !== undefined) return known;
  const head = readHead(text);
  return text.length <= LONGEST_KEPT_HEAD ? heads.keep(text, head) : head;
}

const heads = new LastFew<string, ResponseHead>(({ rawHeaders }) => makeLasting(rawHeaders));

function readHead(text: string): ResponseHead {
  if (!isLineAt(text, 0, last.line)) last = readStatusLine(text.slice(0, endOfLine(text, 0)));
  const { line, status, httpVersion } = last;
  const rawHeaders: string[] = [];
  readFieldLines(text, line.length + 2, rawHeaders, malformedResponse);
  return { status, httpVersion, rawHeaders };
}

interface StatusLine extends Pick<ResponseHead, 'status' | 'httpVersion'> {
  readonly line: string;
}

/** That of the response before: the next one mostly is the same. */
let last: StatusLine = { line: 'HTTP/1.1 200 OK', status: 200, httpVersion: '1.1' };

function readStatusLine(text: string): StatusLine {
  const match = STATUS_LINE.exec(text);
  if (match === null) throw malformedResponse('no status line');
  return { line: ownText(text), status: Number(match[2]), httpVersion: match[1] === '0' ? '1.0' : '1.1' };
}

/** What is answered for a response that cannot be read. */
export function malformedResponse(what: string): Rejection {
  return new Rejection(502, `the origin's response is malformed: ${what}`);
}

// Many a server leaves out the space where the reason is empty.
const STATUS_LINE = /^HTTP\/1\.([01]) ([0-9]{3})(?: [\t -~\x80-\xff]*)?$/;
