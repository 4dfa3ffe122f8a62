import { LastFew } from '../bytes/last-few.ts';
import { makeLasting } from '../bytes/lasting.ts';
import { Rejection } from './failures.ts';
import { endOfLine, LONGEST_KEPT_HEAD, readFieldLines } from './head-lines.ts';

/** The head of a client's request as it came: what it means is decided elsewhere. */
export interface Http1Request {
  readonly method: string;
  /** As it stands in the request line. */
  readonly target: string;
  /** Of HTTP/1. */
  readonly minorVersion: 0 | 1;
  /** Name, value, name, value, …, one byte a character, without the white space around values. */
  readonly rawHeaders: readonly string[];
}

/**
 * Reads a head (RFC 9112 §3, §5), one byte a character, up to but without its empty line. Lines end with CR LF, none is
 * folded, and there is no control character. Equal heads are the same object, as long as not many others come between.
 * Throws a Rejection with 400, or 505 for another version than HTTP/1.0 and HTTP/1.1.
 */
export function parseRequestHead(text: string): Http1Request {
  const known = heads.find(text);
  if (known !== undefined) return known;
  const head = readHead(text);
  return text.length <= LONGEST_KEPT_HEAD ? heads.keep(text, head) : head;
}

const heads = new LastFew<string, Http1Request>(({ rawHeaders }) => makeLasting(rawHeaders));

function readHead(text: string): Http1Request {
  const lineEnd = endOfLine(text, 0);
  const { method, target, minorVersion } = parseRequestLine(text.slice(0, lineEnd));
  const rawHeaders: string[] = [];
  readFieldLines(text, lineEnd + 2, rawHeaders, malformedRequest);
  return { method, target, minorVersion, rawHeaders };
}

/** Reads the first line of a head (RFC 9112 §3). Throws as {@link parseRequestHead}. */
export function parseRequestLine(line: string): Pick<Http1Request, 'method' | 'target' | 'minorVersion'> {
  const methodEnd = line.indexOf(' ');
  const targetEnd = line.indexOf(' ', methodEnd + 1);
  const hasVersion = targetEnd > methodEnd;
  const method = line.slice(0, Math.max(0, methodEnd));
  const target = line.slice(methodEnd + 1, hasVersion ? targetEnd : line.length);
  const version = hasVersion ? line.slice(targetEnd + 1) : undefined;
  if (!METHOD.test(method) || !TARGET.test(target)) throw malformedRequest('no request line');
  if (version === 'HTTP/1.1') return { method, target, minorVersion: 1 };
  if (version === 'HTTP/1.0') return { method, target, minorVersion: 0 };
  // That of HTTP/0.9 has no version (RFC 1945 §4.1).
  if (version !== undefined && !VERSION.test(version)) throw malformedRequest('no request line');
  throw new Rejection(505, 'HTTP version not supported');
}

/** What is answered to a request that cannot be read. */
export function malformedRequest(what: string): Rejection {
  return new Rejection(400, `malformed request: ${what}`);
}

// A token, and a target in visible ASCII, with one space between each, and another before the version.
const METHOD = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const TARGET = /^[!-~]+$/;
const VERSION = /^HTTP\/[0-9]\.[0-9]$/;
