import { Rejection } from './failures.ts';

/** Where a request goes: the values of :authority and :path. */
export interface Target {
  readonly authority: string;
  readonly path: string;
}

/**
 * The target of an HTTP/1.1 request (RFC 9112 §3.2) from its request line and its Host field. Nothing is decoded,
 * normalized or otherwise understood. Throws a Rejection with 400.
 *
 *     origin-form    /p?q          authority from Host
 *     absolute-form  http://b/p?q  authority is b, Host only has to be right
 *     asterisk-form  *             OPTIONS alone
 */
export function requestTarget(method: string, target: string, host: string): Target {
  if (!isAuthority(host)) throw new Rejection(400, 'bad Host');
  if (target.includes('#')) throw new Rejection(400, 'request target with a fragment');
  if (target.startsWith('/')) return { authority: host, path: target };
  if (target === '*') {
    if (method !== 'OPTIONS') throw new Rejection(400, 'the request target * is for OPTIONS');
    return { authority: host, path: target };
  }
  return absoluteForm(method, target);
}

function absoluteForm(method: string, target: string): Target {
  const match = ABSOLUTE.exec(target);
  if (match === null) throw new Rejection(400, 'request target neither a path nor an http URI');
  const [, authority = '', rest = ''] = match;
  if (!isAuthority(authority)) throw new Rejection(400, 'bad authority in the request target');
  // RFC 9112 §3.2.4: the last proxy sends * for an absolute-form without path and query.
  if (rest === '') return { authority, path: method === 'OPTIONS' ? '*' : '/' };
  return { authority, path: rest.startsWith('/') ? rest : `/${rest}` };
}

const ABSOLUTE = /^http:\/\/([^/?]*)(.*)$/i;

// A uri-host with an optional port (RFC 3986 §3.2.2), without user and without comma, which would be two Host
// fields joined.
const AUTHORITY = /^(?:[A-Za-z0-9\-._~%!$&'()*+;=]+|\[[0-9A-Fa-f:.]+\])(?::([0-9]{0,5}))?$/;

// The same few authorities come all the time.
let lastGood = '';

function isAuthority(text: string): boolean {
  if (text === lastGood && text !== '') return true;
  const match = AUTHORITY.exec(text);
  if (match === null || Number(match[1] ?? 0) > 65535) return false;
  lastGood = text;
  return true;
}
