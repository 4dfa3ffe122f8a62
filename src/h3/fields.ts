import { LastFew } from '../bytes/last-few.ts';
import { LastLines } from '../bytes/last-lines.ts';
import { isLasting } from '../bytes/lasting.ts';
import { Code } from './codes.ts';
import { streamError } from './errors.ts';
import { fieldValue } from './field-lines.ts';
import type { FieldLines } from './port.ts';

/** What the core itself needs of a request's head. */
export interface RequestHead {
  readonly method: string;
  /** Bytes of content that Content-Length declares. Means nothing in CONNECT, which has no content (RFC 9110 §9.3.6). */
  readonly contentLength: number | undefined;
}

/** What the core itself needs of a response's head. */
export interface ResponseHead {
  readonly status: number;
  readonly contentLength: number | undefined;
}

// The characters of RFC 9110 §5.6.2 (token), §5.5 (field value) and RFC 3986. A string holds one byte a character.
// Paths and values may hold bytes above 0x7f, which pass unchanged. An authority has no user (RFC 9114 §4.3.1) and
// no comma, which would be two Host fields joined.
const TOKEN = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+$/;
const NAME = /^[!#$%&'*+\-.^_`|~0-9a-z]+$/;
const VALUE = /^[\t -~\x80-\xff]*$/;
const SCHEME = /^[A-Za-z][A-Za-z0-9+\-.]*$/;
const AUTHORITY = /^[A-Za-z0-9\-._~%!$&'()*+;=:[\]]+$/;
// A protocol's name, perhaps with a version (RFC 9110 §7.8), as the Upgrade field has it.
const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
const PATH = /^(?:\/[!-"$-~\x80-\xff]*|\*)?$/;
const STATUS = /^(?:100|10[2-9]|1[1-9][0-9]|[2-5][0-9][0-9])$/;
const CONTENT_LENGTH = /^[0-9]{1,18}$/;
const TRAILERS = /^trailers$/i;
const NEVER = /^(?!)/;

/** Pseudo-header fields that a section may have, with the form of their values (RFC 9114 §4.3). */
type PseudoRules = ReadonlyMap<string, RegExp>;

const REQUEST: PseudoRules = new Map([
  [':method', TOKEN],
  [':scheme', SCHEME],
  [':authority', AUTHORITY],
  [':path', PATH],
  [':protocol', PROTOCOL],
]);
const RESPONSE: PseudoRules = new Map([[':status', STATUS]]);
const TRAILER: PseudoRules = new Map();

/** Fields that speak of one connection (§4.2) and thus make a message malformed: in any value, or in any but one. */
const CONNECTION_SPECIFIC: ReadonlyMap<string, RegExp> = new Map([
  ['connection', NEVER],
  ['keep-alive', NEVER],
  ['proxy-connection', NEVER],
  ['transfer-encoding', NEVER],
  ['upgrade', NEVER],
]);
const RESTRICTED_IN_REQUEST: ReadonlyMap<string, RegExp> = new Map([
  ...CONNECTION_SPECIFIC,
  ['te', TRAILERS],
]);
const RESTRICTED_ELSEWHERE: ReadonlyMap<string, RegExp> = new Map([...CONNECTION_SPECIFIC, ['te', NEVER]]);

/** Fields that a head may have once only, as more would mean another message to another reader. */
const SINGLE: ReadonlySet<string> = new Set(['host', 'content-length']);

/** Heads that were found right and come again as the same array. */
const requests = new LastFew<FieldLines, RequestHead>();
const responses = new LastFew<FieldLines, ResponseHead>();

/** Checks a request's head (RFC 9114 §4.3.1, RFC 9220 §3). Throws H3_MESSAGE_ERROR on the stream. */
export function checkRequest(fields: FieldLines): RequestHead {
  const known = requests.find(fields);
  if (known !== undefined) return known;
  const head = readRequest(fields);
  return isLasting(fields) ? requests.keep(fields, head) : head;
}

function readRequest(fields: FieldLines): RequestHead {
  checkSection(fields, REQUEST, RESTRICTED_IN_REQUEST);
  const method = fieldValue(fields, ':method');
  if (method === undefined) throw malformed('no :method');
  const isExtended = has(fields, ':protocol');
  if (isExtended && method !== 'CONNECT') throw malformed(':protocol without CONNECT');
  if (method === 'CONNECT' && !isExtended) checkConnectTarget(fields);
  else checkTarget(fields, method);
  checkAuthority(fields);
  return { method, contentLength: contentLength(fields) };
}

/** Checks a response's head, interim or final (§4.3.2). Throws H3_MESSAGE_ERROR on the stream. */
export function checkResponse(fields: FieldLines): ResponseHead {
  const known = responses.find(fields);
  if (known !== undefined) return known;
  const head = readResponse(fields);
  return isLasting(fields) ? responses.keep(fields, head) : head;
}

function readResponse(fields: FieldLines): ResponseHead {
  checkSection(fields, RESPONSE, RESTRICTED_ELSEWHERE);
  const status = fieldValue(fields, ':status');
  if (status === undefined) throw malformed('no :status');
  return { status: Number(status), contentLength: contentLength(fields) };
}

/** Checks a trailer section (§4.3: no pseudo-header fields). Throws H3_MESSAGE_ERROR on the stream. */
export function checkTrailers(fields: FieldLines): void {
  checkSection(fields, TRAILER, RESTRICTED_ELSEWHERE);
}

/** Size of a field section by RFC 9114 §4.2.2: name, value and 32 bytes for each line. */
export function fieldSectionSize(fields: FieldLines): number {
  let size = (fields.length / 2) * 32;
  for (const part of fields) size += part.length;
  return size;
}

const has = (fields: FieldLines, name: string): boolean => fieldValue(fields, name) !== undefined;

// What holds for every section. Pseudo-header fields, and the single ones, are there once at most.
function checkSection(
  fields: FieldLines,
  pseudo: PseudoRules,
  restricted: ReadonlyMap<string, RegExp>,
): void {
  let regular = false;
  for (let at = 0; at < fields.length; at += 2) {
    const name = fields[at] as string;
    const value = fields[at + 1] as string;
    if (name.charCodeAt(0) === COLON) {
      if (regular) throw malformed(`${printable(name)} after a regular field`);
      checkPseudo(pseudo, name, value);
      checkFirst(fields, at, name);
    } else {
      regular = true;
      checkRegular(restricted, name, value);
      if (SINGLE.has(name)) checkFirst(fields, at, name);
    }
  }
}

const COLON = 0x3a;

function checkPseudo(rules: PseudoRules, name: string, value: string): void {
  const form = rules.get(name);
  if (form === undefined) throw malformed(`${printable(name)} does not belong here`);
  if (wellFormed.find(name, value) === true) return;
  if (!form.test(value)) throw malformed(`bad value of ${name}`);
  wellFormed.keep(name, value, true);
}

function checkFirst(fields: FieldLines, at: number, name: string): void {
  for (let before = 0; before < at; before += 2) {
    if (fields[before] === name) throw malformed(`${name} twice`);
  }
}

/** Lines that are well formed wherever they may stand. */
const wellFormed = new LastLines<true>();

function checkRegular(restricted: ReadonlyMap<string, RegExp>, name: string, value: string): void {
  if (wellFormed.find(name, value) === true) return;
  if (!NAME.test(name)) throw malformed(`bad field name "${printable(name)}"`);
  if (!VALUE.test(value) || isBlank(value, 0) || isBlank(value, value.length - 1)) {
    throw malformed(`bad value of field ${name}`);
  }
  const rule = restricted.get(name);
  if (rule === undefined) wellFormed.keep(name, value, true);
  else if (!rule.test(value)) throw malformed(`connection-specific field ${name}`);
}

// No value begins or ends with white space (RFC 9110 §5.5); an HTTP/1.1 receiver would see another one.
function isBlank(value: string, at: number): boolean {
  const code = value.charCodeAt(at);
  return code === 0x20 || code === 0x09;
}

// CONNECT names an authority alone (§4.4); extended CONNECT has the target of other requests (RFC 8441 §4).
function checkConnectTarget(fields: FieldLines): void {
  if (has(fields, ':scheme') || has(fields, ':path')) throw malformed('CONNECT with :scheme or :path');
  if (!has(fields, ':authority')) throw malformed('CONNECT without :authority');
}

function checkTarget(fields: FieldLines, method: string): void {
  const scheme = fieldValue(fields, ':scheme')?.toLowerCase();
  const path = fieldValue(fields, ':path');
  if (scheme === undefined || path === undefined) throw malformed('no :scheme or no :path');
  if (path === '*' && method !== 'OPTIONS') throw malformed('the path * is for OPTIONS');
  if (scheme !== 'http' && scheme !== 'https') return;
  if (path === '') throw malformed('empty :path');
  if (!has(fields, ':authority') && !has(fields, 'host')) throw malformed('neither :authority nor host');
}

function checkAuthority(fields: FieldLines): void {
  const authority = fieldValue(fields, ':authority');
  const host = fieldValue(fields, 'host');
  if (host === undefined) return;
  if (!AUTHORITY.test(host)) throw malformed('bad value of host');
  if (authority !== undefined && authority !== host) throw malformed(':authority and host differ');
}

function contentLength(fields: FieldLines): number | undefined {
  const value = fieldValue(fields, 'content-length');
  if (value === undefined) return undefined;
  if (!CONTENT_LENGTH.test(value)) throw malformed('bad value of content-length');
  return Number(value);
}

const malformed = (reason: string) => streamError(Code.H3_MESSAGE_ERROR, `malformed message: ${reason}`);

// A name as the peer sent it goes into logs.
const printable = (name: string): string => name.slice(0, 64).replace(/[^!-~]/g, '?');
