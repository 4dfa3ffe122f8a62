import { LastFew } from '../bytes/last-few.ts';
import { isLasting, makeLasting } from '../bytes/lasting.ts';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines } from '../h3/port.ts';
import { Rejection } from './failures.ts';
import { httpDate } from './http-date.ts';
import { readSection, type SectionFacts, type SectionLimits } from './http1-fields.ts';
import type { ContentEnd } from './message-parser.ts';
import { fieldName } from './names.ts';
import type { Http1Request } from './request-head.ts';
import { REQUEST_ID } from './request-id.ts';
import { requestTarget } from './target.ts';

/** How much content a message has, as far as its head tells: none, so many bytes, or as many as come. */
export type Framing = 'none' | 'length' | 'chunked';

/** A request ready for the tunnel. */
export interface RequestHead {
  readonly fields: FieldLines;
  /** Where its content ends; 0 when it has none. */
  readonly contentEnd: number | 'last-chunk';
  /** Whether the client keeps the connection for another request (RFC 9112 §9.3). */
  readonly persists: boolean;
  /** Whether it waits for an interim response before it sends content (RFC 9110 §10.1.1). */
  readonly expectsContinue: boolean;
}

/** What was made of a head, within which limits. */
interface Known<Head> {
  readonly head: Head;
  readonly limits: SectionLimits;
}

/**
 * An HTTP/1.1 request's head as HTTP/3 has it (RFC 9114 §4.3.1). `forwarded` is appended as a new Forwarded line.
 * Throws a Rejection with the status that the client is answered.
 */
export function requestToHttp3(
  request: Http1Request,
  limits: SectionLimits,
  forwarded: string | undefined,
): RequestHead {
  const known = forwarded === undefined ? requests.find(request) : undefined;
  if (known !== undefined && known.limits === limits) return known.head;
  const head = readRequest(request, limits, forwarded);
  if (forwarded === undefined && isLasting(request.rawHeaders)) {
    makeLasting(head.fields);
    requests.keep(request, { head, limits });
  }
  return head;
}

const requests = new LastFew<Http1Request, Known<RequestHead>>();

function readRequest(
  { method, target, minorVersion, rawHeaders }: Http1Request,
  limits: SectionLimits,
  forwarded: string | undefined,
): RequestHead {
  const fields = [':method', method, ':scheme', 'http', ':authority', '', ':path', ''];
  if (target.length > limits.maxHeaderSize / 2) throw new Rejection(414, 'request target too long');
  const facts = readSection(rawHeaders, 'request', limits, fields);
  if (facts.hosts !== 1) throw new Rejection(400, facts.hosts === 0 ? 'no Host' : 'Host more than once');
  const { authority, path } = requestTarget(method, target, facts.host);
  fields[AUTHORITY] = authority;
  fields[PATH] = path;
  const expectsContinue = facts.expect !== undefined && mayExpect(facts.expect, minorVersion, fields);
  if (forwarded !== undefined) fields.push('forwarded', forwarded);
  const persists = !facts.asksToClose && (facts.asksToKeep || minorVersion === 1);
  return { fields, contentEnd: endOfRequest(facts, minorVersion), persists, expectsContinue };
}

const AUTHORITY = 5;
const PATH = 7;

// RFC 9110 §10.1.1: an expectation in HTTP/1.0 means nothing, and one that nobody knows cannot be met.
function mayExpect(expect: string, minorVersion: number, fields: string[]): boolean {
  if (minorVersion === 0) dropField(fields, 'expect');
  else if (expect.toLowerCase() !== '100-continue') throw new Rejection(417, 'unknown expectation');
  return minorVersion === 1;
}

// RFC 9112 §6.1, §6.3. What two readers could frame differently is refused, even where the RFC lets it pass.
function endOfRequest(facts: SectionFacts, minorVersion: number): number | 'last-chunk' {
  const { contentLength, transferEncoding } = facts;
  if (transferEncoding === undefined) return Number(contentLength ?? 0);
  if (minorVersion === 0) throw new Rejection(400, 'Transfer-Encoding in HTTP/1.0');
  if (contentLength !== undefined) throw new Rejection(400, 'Content-Length with Transfer-Encoding');
  if (isChunked(transferEncoding)) return 'last-chunk';
  const codings = transferEncoding.split(',').map((coding) => coding.trim().toLowerCase());
  const chunkedLast = codings.indexOf('chunked') === codings.length - 1;
  if (!chunkedLast || codings.includes('')) throw new Rejection(400, 'bad Transfer-Encoding');
  throw new Rejection(501, 'transfer coding not supported');
}

const isChunked = (transferEncoding: string): boolean => transferEncoding.toLowerCase() === 'chunked';

function dropField(fields: string[], name: string): void {
  for (let at = fields.length - 2; at >= 0; at -= 2) if (fields[at] === name) fields.splice(at, 2);
}

/** The head of an origin's response as it came. */
export interface Http1Response {
  readonly status: number;
  /** `1.0` or `1.1`. */
  readonly httpVersion: string;
  readonly rawHeaders: readonly string[];
}

/** A response's head ready for the tunnel. */
export interface OriginHead {
  readonly fields: FieldLines;
  /** Where its content ends, if it can have any. */
  readonly contentEnd: ContentEnd;
  /** Whether the connection may have another request (RFC 9112 §9.3). */
  readonly persists: boolean;
  /** What the origin says of how long it keeps the connection (the Keep-Alive field). */
  readonly keepAlive: string | undefined;
  /** The Date among the fields that is not the origin's. */
  readonly date: string | undefined;
}

/**
 * The head of an origin's response as HTTP/3 has it (RFC 9114 §4.3.2), with a Date. Throws a Rejection with 502.
 */
export function responseToHttp3(response: Http1Response, limits: SectionLimits): OriginHead {
  const known = responses.find(response);
  if (known !== undefined && known.limits === limits && isCurrent(known.head)) return known.head;
  const head = readResponse(response, limits);
  if (isLasting(response.rawHeaders)) {
    makeLasting(head.fields);
    responses.keep(response, { head, limits });
  }
  return head;
}

const responses = new LastFew<Http1Response, Known<OriginHead>>();

function readResponse({ status, httpVersion, rawHeaders }: Http1Response, limits: SectionLimits): OriginHead {
  if (status < 200 || status > 599) throw new Rejection(502, `the origin answered with status ${status}`);
  const fields = [':status', String(status)];
  const facts = readOriginSection(rawHeaders, limits, fields);
  const contentEnd = endOfContent(facts, httpVersion);
  if (status === 204) dropField(fields, 'content-length');
  const date = facts.hasDate ? undefined : httpDate();
  if (date !== undefined) fields.push('date', date);
  const persists = !facts.asksToClose && (facts.asksToKeep || httpVersion !== '1.0');
  return { fields, contentEnd, persists, keepAlive: facts.keepAlive, date };
}

const isCurrent = ({ date }: OriginHead): boolean => date === undefined || date === httpDate();

/** An interim response of the origin as HTTP/3 has it. Throws a Rejection with 502. */
export function interimToHttp3(status: number, raw: readonly string[], limits: SectionLimits): FieldLines {
  const fields = [':status', String(status)];
  readOriginSection(raw, limits, fields);
  dropField(fields, 'content-length');
  return fields;
}

// What would be the client's fault in a request is the origin's in a response.
function readOriginSection(raw: readonly string[], limits: SectionLimits, out: string[]): SectionFacts {
  try {
    return readSection(raw, 'response', limits, out);
  } catch (error) {
    if (error instanceof Rejection) throw new Rejection(502, `the origin's response: ${error.message}`);
    throw error;
  }
}

// RFC 9112 §6.3, where the request and the status allow content.
function endOfContent(facts: SectionFacts, httpVersion: string): ContentEnd {
  const { contentLength, transferEncoding } = facts;
  if (transferEncoding === undefined) return contentLength === undefined ? 'close' : Number(contentLength);
  if (!isChunked(transferEncoding) || contentLength !== undefined || httpVersion === '1.0') {
    throw new Rejection(502, "the origin's response has a transfer coding that cannot be trusted");
  }
  return 'last-chunk';
}

/**
 * A trailer section as HTTP/3 has it, without what may not stand there (RFC 9110 §6.5.1); `undefined` when nothing
 * is left. Throws a Rejection over the limits.
 */
export function trailersToHttp3(raw: readonly string[], limits: SectionLimits): FieldLines | undefined {
  if (raw.length === 0) return undefined;
  const fields: string[] = [];
  readSection(raw, 'trailers', limits, fields);
  return fields.length === 0 ? undefined : fields;
}

/** What this hop says of a request, besides what the request says itself. */
export interface HopFields {
  /** The Forwarded element, when one is to be added as a new line. */
  readonly forwarded: string | undefined;
  /** X-Request-Id, in the place of any that came. */
  readonly requestId: string;
}

/**
 * A request's head for an HTTP/1.1 origin, flat, in Title-Case: Host first (RFC 9112 §3.2), cookie crumbs joined
 * (RFC 9114 §4.2.1). HTTP/3 has checked the fields.
 */
export function requestToHttp1(fields: FieldLines, framing: Framing, hop: HopFields): string[] {
  return [...requestLines(fields, framing), ...hopLines(hop, framing)];
}

/** Of {@link requestToHttp1}, what the request says itself. */
export function requestLines(fields: FieldLines, framing: Framing): string[] {
  const host = fieldValue(fields, ':authority') ?? fieldValue(fields, 'host') ?? '';
  const headers = ['Host', host];
  writeSection(fields, framing === 'chunked', headers, true, REQUEST_ID);
  return headers;
}

/** … and what this hop says, behind it. */
export function hopLines({ forwarded, requestId }: HopFields, framing: Framing): string[] {
  const headers = ['X-Request-Id', requestId];
  if (forwarded !== undefined) headers.push('Forwarded', forwarded);
  if (framing === 'chunked') headers.push('Transfer-Encoding', 'chunked');
  return headers;
}

/**
 * A response's head, interim or final, for an HTTP/1.1 client, flat, in Title-Case. `chunked`: whether the content
 * will be, which Trailer depends on. `withLength`: whether Content-Length may stand there (RFC 9110 §8.6).
 */
export function responseToHttp1(
  fields: FieldLines,
  { chunked, withLength }: { readonly chunked: boolean; readonly withLength: boolean },
): string[] {
  const headers: string[] = [];
  writeSection(fields, chunked, headers, withLength);
  return headers;
}

/** A trailer section for an HTTP/1.1 receiver, flat, in Title-Case. */
export function trailersToHttp1(fields: FieldLines): string[] {
  const trailers: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const { title, role } = fieldName(fields[at] as string);
    if (isPassedInTrailers(role)) trailers.push(title, fields[at + 1] as string);
  }
  return trailers;
}

const isPassedInTrailers = (role: string): boolean =>
  role === 'end-to-end' || role === 'cookie' || role === 'date';

function writeSection(
  fields: FieldLines,
  chunked: boolean,
  out: string[],
  withLength: boolean,
  without?: string,
): void {
  let cookieAt = -1;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    if (name.charCodeAt(0) === COLON || name === without) continue;
    const value = fields[at + 1] as string;
    const { title, role } = fieldName(name);
    if (role === 'end-to-end' || role === 'date' || role === 'expect') {
      out.push(title, value);
    } else if (role === 'content-length') {
      if (withLength) out.push(title, value);
    } else if (role === 'cookie') {
      cookieAt = writeCookie(out, cookieAt, value);
    } else if (role === 'te') {
      // RFC 9110 §10.1.4: TE speaks of one connection, so Connection names it.
      out.push(title, value, 'Connection', 'keep-alive, TE');
    } else if (role === 'trailer' && chunked) {
      out.push(title, value);
    }
  }
}

const COLON = 0x3a;

// Nothing is added for an empty crumb: the value would end with a space, which is no part of any value.
function writeCookie(out: string[], cookieAt: number, crumb: string): number {
  if (cookieAt < 0) return out.push('Cookie', crumb) - 1;
  if (crumb !== '') out[cookieAt] = `${out[cookieAt]}; ${crumb}`;
  return cookieAt;
}
