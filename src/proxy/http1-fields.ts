import { Rejection } from './failures.ts';
import { type FieldName, fieldName } from './names.ts';
import { isRequestId, REQUEST_ID } from './request-id.ts';

/** Most that a header or trailer section may have. */
export interface SectionLimits {
  /** Bytes of names and values, with four for each line. One line may take half of them. */
  readonly maxHeaderSize: number;
  /** Field lines. */
  readonly maxHeaderCount: number;
}

/** What the fields of an HTTP/1.1 message say to us, beside those that are passed on. */
export interface SectionFacts {
  /** How often Host was there, and its last value. */
  hosts: number;
  host: string;
  contentLength: string | undefined;
  /** All of Transfer-Encoding's values, joined. */
  transferEncoding: string | undefined;
  keepAlive: string | undefined;
  hasDate: boolean;
  /** Expect's value (RFC 9110 §10.1.1). */
  expect: string | undefined;
  /** What Connection says of the connection itself (RFC 9112 §9.3). */
  asksToClose: boolean;
  asksToKeep: boolean;
}

/** What a section belongs to: it decides which fields may pass, and how a fault of it is answered. */
export type SectionKind = 'request' | 'response' | 'trailers';

/**
 * Reads a section as the parsers give it (flat, names as they came) and appends what is passed on to `out`, with names in
 * lower case: all but the hop-by-hop fields and those that Connection names (RFC 9110 §7.6.1). Host is told in the
 * facts alone. Throws a Rejection: 431 over the limits, 400 for what cannot be passed on without guessing.
 */
export function readSection(
  raw: readonly string[],
  kind: SectionKind,
  limits: SectionLimits,
  out: string[],
): SectionFacts {
  checkLimits(raw, limits);
  const facts = noFacts();
  const start = out.length;
  let nominated: Set<string> | undefined;
  for (let at = 0; at < raw.length; at += 2) {
    const name = raw[at] as string;
    const value = raw[at + 1] as string;
    const known = fieldName(name);
    if (known.role === 'connection') nominated = nominate(nominated, value, facts);
    else readField(known, value, kind, facts, out);
  }
  if (nominated !== undefined) dropNominated(out, start, nominated);
  return facts;
}

function noFacts(): SectionFacts {
  return {
    hosts: 0,
    host: '',
    contentLength: undefined,
    transferEncoding: undefined,
    keepAlive: undefined,
    hasDate: false,
    expect: undefined,
    asksToClose: false,
    asksToKeep: false,
  };
}

function checkLimits(raw: readonly string[], limits: SectionLimits): void {
  if (raw.length > limits.maxHeaderCount * 2) throw new Rejection(431, 'too many header fields');
  let size = 0;
  for (let at = 0; at < raw.length; at += 2) {
    const line = (raw[at] as string).length + (raw[at + 1] as string).length + LINE_OVERHEAD;
    if (line > limits.maxHeaderSize / 2) throw new Rejection(431, 'header field too large');
    size += line;
  }
  if (size > limits.maxHeaderSize) throw new Rejection(431, 'header fields too large');
}

// The colon, a space and the end of the line.
const LINE_OVERHEAD = 4;

function readField(
  { lower, role }: FieldName,
  value: string,
  kind: SectionKind,
  facts: SectionFacts,
  out: string[],
): void {
  switch (role) {
    case 'end-to-end':
      // One, and fit for log lines: any other gives way to ours.
      if (lower === REQUEST_ID && kind === 'request') {
        if (isRequestId(value)) pushOnce(out, lower, value);
        return;
      }
      break;
    case 'cookie':
    case 'trailer':
      break;
    case 'date':
      facts.hasDate = true;
      break;
    case 'expect':
      facts.expect = value;
      break;
    case 'host':
      facts.hosts++;
      facts.host = value;
      return;
    case 'content-length':
      if (kind === 'trailers') return;
      facts.contentLength = contentLength(facts.contentLength, value);
      break;
    case 'te':
      // The one thing that TE may say beyond its connection (RFC 9114 §4.2).
      if (kind === 'request' && TRAILERS.test(value)) pushOnce(out, lower, 'trailers');
      return;
    case 'transfer-encoding':
      facts.transferEncoding =
        facts.transferEncoding === undefined ? value : `${facts.transferEncoding}, ${value}`;
      return;
    case 'keep-alive':
      facts.keepAlive = value;
      return;
    case 'connection':
    case 'hop-by-hop':
      return;
  }
  out.push(lower, value);
}

const TRAILERS = /(?:^|,)[\t ]*trailers[\t ]*(?:$|[;,])/i;

function pushOnce(out: string[], name: string, value: string): void {
  for (let at = 0; at < out.length; at += 2) if (out[at] === name) return;
  out.push(name, value);
}

function contentLength(before: string | undefined, value: string): string {
  if (before !== undefined) throw new Rejection(400, 'Content-Length more than once');
  if (!CONTENT_LENGTH.test(value)) throw new Rejection(400, 'bad Content-Length');
  return value;
}

// Under 2^53, so that a number holds it exactly.
const CONTENT_LENGTH = /^0*[0-9]{1,15}$/;

// What may stand around an element of a list (RFC 9110 §5.6.3), and nothing else: a byte over 0x7f is no white space.
const WHITE_SPACE = /^[\t ]+|[\t ]+$/g;

// Connection's options (RFC 9110 §7.6.1). The usual ones name no field that could still be there.
function nominate(
  before: Set<string> | undefined,
  value: string,
  facts: SectionFacts,
): Set<string> | undefined {
  // Nearly always.
  if (value === 'keep-alive') {
    facts.asksToKeep = true;
    return before;
  }
  let names = before;
  for (const option of value.toLowerCase().split(',')) {
    const name = option.replace(WHITE_SPACE, '');
    if (name === 'close') facts.asksToClose = true;
    else if (name === 'keep-alive') facts.asksToKeep = true;
    if (name === '' || name === 'keep-alive' || name === 'close' || name === 'upgrade' || name === 'te')
      continue;
    if (name.startsWith(':') || name === 'host' || name === 'content-length') {
      throw new Rejection(400, 'Connection names a field that is not its to remove');
    }
    names ??= new Set();
    names.add(name);
  }
  return names;
}

function dropNominated(out: string[], start: number, nominated: ReadonlySet<string>): void {
  let kept = start;
  for (let at = start; at < out.length; at += 2) {
    if (nominated.has(out[at] as string)) continue;
    out[kept++] = out[at] as string;
    out[kept++] = out[at + 1] as string;
  }
  out.length = kept;
}
