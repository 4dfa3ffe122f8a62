import { createHash, randomBytes } from 'node:crypto';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines } from '../h3/port.ts';
import { Rejection, reasonPhrase } from './failures.ts';
import { fieldText } from './field-text.ts';
import { type HopFields, interimToHttp3, requestToHttp1, responseToHttp1 } from './fields.ts';
import type { SectionLimits } from './http1-fields.ts';
import { fieldName } from './names.ts';
import type { Http1Request } from './request-head.ts';

/*
 * An Upgrade of HTTP/1.1 (RFC 9110 §7.8) crosses the tunnel as extended CONNECT (RFC 9220, RFC 8441 §5):
 *
 *     GET /chat HTTP/1.1            :method CONNECT, :protocol websocket, :path /chat
 *     Connection: Upgrade
 *     Upgrade: websocket
 *     101 Switching Protocols       :status 200
 *
 * Any other final status is the answer to a request that was not upgraded. WebSocket's key and its answer prove to a
 * client that an HTTP/1.1 server has understood the handshake; HTTP/3 has neither (RFC 8441 §5.1). As either end may
 * have a foreign peer, each keeps its own half of the proof: the server end makes a key for the origin and checks the
 * answer, the client end answers the application's key.
 */

/**
 * The protocol that a request with `Connection: Upgrade` is to be upgraded to: the first one that may travel.
 * `undefined` when the request is to go on as if it had not asked, which is always allowed (RFC 9110 §7.8): extended
 * CONNECT stands for GET without content alone, and HTTP and TLS on the same connection would go round everything that
 * a gateway has to look at.
 */
export function requestedProtocol({ method, minorVersion, rawHeaders }: Http1Request): string | undefined {
  if (method !== 'GET' || minorVersion === 0) return undefined;
  let wanted: string | undefined;
  let isMeant = false;
  for (let at = 0; at < rawHeaders.length; at += 2) {
    const { lower } = fieldName(rawHeaders[at] as string);
    const value = rawHeaders[at + 1] as string;
    if (lower === 'transfer-encoding' || (lower === 'content-length' && value !== '0')) return undefined;
    if (lower === 'upgrade') wanted ??= value.split(',').map(trim).find(mayTravel);
    else if (lower === 'connection') isMeant ||= NAMES_UPGRADE.test(value);
  }
  return isMeant ? wanted : undefined;
}

// RFC 9110 §7.8: without that, it is not for this hop.
const NAMES_UPGRADE = /(?:^|,)[\t ]*upgrade[\t ]*(?:$|,)/i;
const trim = (text: string): string => text.trim();
const mayTravel = (protocol: string): boolean => PROTOCOL.test(protocol) && !NEVER.test(protocol);

const PROTOCOL = /^[!#$%&'*+\-.^_`|~0-9A-Za-z]+(?:\/[!#$%&'*+\-.^_`|~0-9A-Za-z]+)?$/;
const NEVER = /^(?:h2c|http|tls)(?:\/|$)/i;

/** An upgrade ready for the tunnel. */
export interface UpgradeHead {
  readonly fields: FieldLines;
  /** What Sec-WebSocket-Accept has to be in the answer to the application; none for other protocols. */
  readonly accept: string | undefined;
}

/**
 * Makes extended CONNECT of a request's fields, as `requestToHttp3` gives them. Throws a Rejection with 400 when a
 * WebSocket's key is missing or wrong: nobody else would notice.
 */
export function upgradeToHttp3(request: FieldLines, protocol: string): UpgradeHead {
  const isWebSocket = isWebSocketToken(protocol);
  const fields = [':method', 'CONNECT', ':protocol', protocol];
  let key: string | undefined;
  for (let at = 0; at < request.length; at += 2) {
    const name = request[at] as string;
    const value = request[at + 1] as string;
    if (name === 'sec-websocket-key' && isWebSocket) key = onlyKey(key, value);
    else if (!UNWANTED.has(name)) fields.push(name, value);
  }
  if (!isWebSocket) return { fields, accept: undefined };
  if (key === undefined) throw new Rejection(400, 'no Sec-WebSocket-Key');
  return { fields, accept: acceptOf(key) };
}

// CONNECT has neither content nor trailers to speak of; :method is another one.
const UNWANTED: ReadonlySet<string> = new Set([':method', 'content-length', 'te', 'trailer']);

function onlyKey(before: string | undefined, value: string): string {
  if (before !== undefined || !KEY.test(value)) throw new Rejection(400, 'bad Sec-WebSocket-Key');
  return value;
}

// Sixteen bytes in base64 (RFC 6455 §4.1).
const KEY = /^[A-Za-z0-9+/]{22}==$/;

const isWebSocketToken = (protocol: string): boolean => protocol.toLowerCase() === 'websocket';

/** The answer to a key that proves that a server has understood it (RFC 6455 §4.2.2). */
export function acceptOf(key: string): string {
  return createHash('sha1').update(`${key}${WEBSOCKET_GUID}`).digest('base64');
}

const WEBSOCKET_GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';

/** Whether a request out of the tunnel is one for an upgrade: extended CONNECT. */
export function isUpgrade(fields: FieldLines): boolean {
  // Pseudo-fields come first.
  for (let at = 0; fields[at]?.startsWith(':'); at += 2) if (fields[at] === ':protocol') return true;
  return false;
}

/** An upgrade as an HTTP/1.1 origin gets it. */
export interface OriginUpgradeHead {
  /** Flat, in Title-Case. */
  readonly headers: string[];
  readonly protocol: string;
  /** What the origin has to answer as Sec-WebSocket-Accept; none for other protocols. */
  readonly accept: string | undefined;
}

/** Makes an HTTP/1.1 Upgrade of extended CONNECT, for WebSocket with a key of our own. */
export function upgradeToHttp1(fields: FieldLines, hop: HopFields): OriginUpgradeHead {
  const protocol = fieldValue(fields, ':protocol') ?? '';
  const isWebSocket = isWebSocketToken(protocol);
  const passed = without(fields, (name) => UNWANTED.has(name) || (isWebSocket && HANDSHAKE.has(name)));
  const headers = requestToHttp1(passed, 'none', hop);
  headers.push('Connection', 'Upgrade', 'Upgrade', protocol);
  if (!isWebSocket) return { headers, protocol, accept: undefined };
  const key = randomBytes(16).toString('base64');
  headers.push('Sec-Websocket-Key', key);
  return { headers, protocol, accept: acceptOf(key) };
}

const HANDSHAKE: ReadonlySet<string> = new Set(['sec-websocket-key', 'sec-websocket-accept']);

function without(fields: FieldLines, drop: (name: string) => boolean): string[] {
  return fields.filter((_part, at) => !drop(fields[at - (at % 2)] as string));
}

/**
 * The head of the 101 with which an origin has switched protocols, as HTTP/3 has it. Throws a Rejection with 502 when
 * it is not the answer to what was asked.
 */
export function switchToHttp3(
  rawHeaders: readonly string[],
  asked: Pick<OriginUpgradeHead, 'protocol' | 'accept'>,
  limits: SectionLimits,
): FieldLines {
  const fields = interimToHttp3(200, rawHeaders, limits);
  if (!sameProtocol(rawHeaders, asked.protocol)) {
    throw new Rejection(502, 'the origin switched to another protocol than was asked for');
  }
  if (asked.accept === undefined) return fields;
  if (fieldValue(fields, 'sec-websocket-accept') !== asked.accept) {
    throw new Rejection(502, "the origin's answer to the WebSocket handshake is wrong");
  }
  return without(fields, (name) => HANDSHAKE.has(name));
}

function sameProtocol(raw: readonly string[], asked: string): boolean {
  const answered: string[] = [];
  for (let at = 0; at < raw.length; at += 2) {
    if (raw[at]?.toLowerCase() === 'upgrade') answered.push(raw[at + 1] ?? '');
  }
  return answered.length === 1 && answered[0]?.toLowerCase() === asked.toLowerCase();
}

/** The head of the 101 that tells an application so, from the fields of a 2xx response to extended CONNECT. */
export function switchToHttp1(fields: FieldLines, protocol: string, accept: string | undefined): string {
  const passed = accept === undefined ? fields : without(fields, (name) => HANDSHAKE.has(name));
  const headers = responseToHttp1(passed, { chunked: false, withLength: false });
  headers.push('Connection', 'Upgrade', 'Upgrade', protocol);
  if (accept !== undefined) headers.push('Sec-Websocket-Accept', accept);
  return `HTTP/1.1 101 ${reasonPhrase(101)}\r\n${fieldText(headers)}\r\n`;
}
