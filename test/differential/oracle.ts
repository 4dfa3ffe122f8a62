/**
 * What a sender meant: which requests its bytes hold, and what of each an origin has to see when the rules of HTTP.md
 * for a gateway are kept. It reads strictly and knows nothing of how the program does it.
 */
import {
  elementsOf,
  type Field,
  type Framing,
  parseRequest,
  type StrictRequest,
  valuesOf,
} from './strict-parser.ts';

/** A request as the origin has to see it. */
export interface Expected {
  readonly method: string;
  readonly target: string;
  readonly host: string;
  /** Without Host, Transfer-Encoding and Connection; names in lower case. */
  readonly fields: readonly Field[];
  readonly framing: Framing;
  readonly body: string;
  readonly trailers: readonly Field[];
  /** Why it may be refused instead; if it is not, it is to be as it stands here. */
  readonly doubts: readonly string[];
  /** Whether the connection may be closed behind it, though the sender did not ask for that. */
  readonly mayClose: boolean;
}

/**
 * How the bytes end: `refused`, what follows is no request that may be passed on; `incomplete`, it might become one;
 * `closed`, the last request ends the connection.
 */
export type Ending = 'refused' | 'incomplete' | 'closed';

export interface Meaning {
  readonly requests: readonly Expected[];
  readonly ending: Ending;
  /** Why it is refused; for people. */
  readonly reason: string;
}

/** Reads everything that a connection sends. */
export function meaningOf(text: string): Meaning {
  const requests: Expected[] = [];
  for (let at = 0; ; ) {
    const parsed = parseRequest(text, at);
    if (parsed.kind === 'more') return { requests, ending: 'incomplete', reason: '' };
    if (parsed.kind === 'wrong') return { requests, ending: 'refused', reason: parsed.reason };
    const expected = forwarded(parsed.request);
    if (typeof expected === 'string') return { requests, ending: 'refused', reason: expected };
    // What is read along with its end may be taken for chunk extensions, of which there is a bound.
    const isCrowded = expected.framing === 'chunked' && text.length - parsed.end > MAX_EXTENSIONS;
    requests.push(isCrowded ? { ...expected, doubts: [...expected.doubts, 'much behind chunks'] } : expected);
    if (!persists(parsed.request)) return { requests, ending: 'closed', reason: '' };
    at = parsed.end;
  }
}

/** Bytes of chunk extensions that a message may have. */
const MAX_EXTENSIONS = 4096;

const METHODS = new Set(['GET', 'HEAD', 'POST', 'PUT', 'DELETE', 'OPTIONS', 'TRACE', 'PATCH']);

/** The request as it is passed on, or why it must not be. */
function forwarded(request: StrictRequest): Expected | string {
  const { method, framing, body } = request;
  if (method === 'CONNECT') return 'CONNECT';
  const hosts = valuesOf(request.fields, 'host');
  const [host = ''] = hosts;
  if (hosts.length !== 1 || !isAuthority(host)) return 'Host';
  const target = targetOf(request, host);
  if (target === undefined) return 'request target';
  const nominated = elementsOf(request.fields, 'connection');
  if (nominated.some(isNotConnectionsToName)) return 'Connection names what it may not';
  const doubts = [...request.doubts];
  if (elementsOf(request.trailers, 'connection').some(isNotConnectionsToName)) doubts.push('trailers');
  if (!METHODS.has(method)) doubts.push('method');
  if (!isStrictTarget(request.target)) doubts.push('characters of the target');
  if (!isStrictAuthority(target.host) || !isStrictAuthority(host)) doubts.push('form of the authority');
  const fields = passedOn(request, nominated);
  if (
    request.minor > 0 &&
    elementsOf(request.fields, 'expect').some((expectation) => expectation !== '100-continue')
  ) {
    doubts.push('expectation');
  }
  if (request.trailers.some(([name]) => FRAMING.has(name.toLowerCase()))) doubts.push('framing in trailers');
  const trailers = trailersOf(request);
  return { method, ...target, fields, framing, body, trailers, doubts, mayClose: mayClose(request) };
}

const isNotConnectionsToName = (name: string): boolean =>
  name.startsWith(':') || name === 'host' || name === 'content-length';

const FRAMING = new Set(['content-length', 'transfer-encoding']);

/** Hop-by-hop fields (RFC 9110 §7.6.1). TE has a rule of its own. */
const HOP_BY_HOP = new Set([
  'connection',
  'keep-alive',
  'proxy-connection',
  'te',
  'transfer-encoding',
  'upgrade',
  'proxy-authenticate',
  'proxy-authorization',
]);

function passedOn(request: StrictRequest, nominated: readonly string[]): Field[] {
  const fields = request.fields
    .map(([name, value]): Field => [name.toLowerCase(), value])
    .filter(([name]) => name !== 'host' && !HOP_BY_HOP.has(name) && !nominated.includes(name))
    // An expectation in HTTP/1.0 means nothing (RFC 9110 §10.1.1).
    .filter(([name]) => name !== 'expect' || request.minor > 0);
  const takesTrailers = elementsOf(request.fields, 'te').some((coding) =>
    /^trailers[\t ]*(?:;|$)/.test(coding),
  );
  return takesTrailers ? [...fields, ['te', 'trailers']] : fields;
}

/** Fields that frame, route or steer a message have no place in its trailers (RFC 9110 §6.5.1). */
const NOT_IN_TRAILERS = new Set([...HOP_BY_HOP, 'content-length', 'host', 'trailer', 'expect']);

function trailersOf({ trailers }: StrictRequest): Field[] {
  const nominated = elementsOf(trailers, 'connection');
  return trailers
    .map(([name, value]): Field => [name.toLowerCase(), value])
    .filter(([name]) => !NOT_IN_TRAILERS.has(name) && !nominated.includes(name));
}

/** RFC 9112 §3.2. */
function targetOf(
  { method, target }: StrictRequest,
  host: string,
): { target: string; host: string } | undefined {
  if (target.includes('#')) return undefined;
  if (target.startsWith('/')) return { target, host };
  if (target === '*') return method === 'OPTIONS' ? { target, host } : undefined;
  const match = /^http:\/\/([^/?]*)([^?]*)(.*)$/i.exec(target);
  if (match === null) return undefined;
  const [, authority = '', path = '', query = ''] = match;
  if (!isAuthority(authority)) return undefined;
  const isBare = path === '' && query === '';
  if (isBare && method === 'OPTIONS') return { target: '*', host: authority };
  return { target: `${path === '' ? '/' : path}${query}`, host: authority };
}

// RFC 3986 §3.2, without user and without comma; the second says what nobody could object to.
const AUTHORITY = /^(?:[\w\-.~!$&'()*+;=%]+|\[[0-9A-Fa-f:.]+\])(?::[0-9]*)?$/;
const STRICT_AUTHORITY = /^(?:(?:[\w\-.~]|%[0-9A-Fa-f]{2})+|\[[0-9A-Fa-f:.]+\])(?::[0-9]{1,5})?$/;

const isAuthority = (text: string): boolean => AUTHORITY.test(text) && Number(portOf(text)) <= 65_535;
const isStrictAuthority = (text: string): boolean => STRICT_AUTHORITY.test(text);
const portOf = (authority: string): string => /:([0-9]*)$/.exec(authority)?.[1] ?? '';

/** RFC 3986 §3.3, §3.4: what a path and a query are made of. */
const isStrictTarget = (target: string): boolean =>
  /^(?:[\w\-.~!$&'()*+,;=:@/?[\]]|%[0-9A-Fa-f]{2})*$/.test(target);

/** RFC 9112 §9.3. */
function persists({ fields, minor }: StrictRequest): boolean {
  const options = elementsOf(fields, 'connection');
  if (options.includes('close')) return false;
  return minor > 0 || options.includes('keep-alive');
}

// A response of unknown length ends an HTTP/1.0 connection. One without 100 before it may end any, as content may or
// may not follow (RFC 9110 §10.1.1). And there are fields that say nothing about the connection, but that many take
// for it.
function mayClose({ fields, minor, trailers }: StrictRequest): boolean {
  const misread = [...fields, ...trailers].filter(([name]) => /^proxy-connection$/i.test(name));
  const options = [...elementsOf(misread, 'proxy-connection'), ...elementsOf(trailers, 'connection')];
  return minor === 0 || options.includes('close') || valuesOf(fields, 'expect').length > 0;
}
