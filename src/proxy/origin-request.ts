import { type ClientRequest, request } from 'node:http';
import type { FieldLines } from '../h3/port.ts';
import { Rejection } from './failures.ts';
import { type Framing, fieldValue, type HopFields, requestToHttp1 } from './fields.ts';
import type { OriginContext } from './origin-context.ts';

/** What a request asks for, as far as the gateway has to know. */
export interface OriginTarget {
  readonly method: string;
  readonly path: string;
}

/** Method and path of a request that can be sent to an HTTP/1.1 origin. Throws a Rejection when it cannot. */
export function originTarget(fields: FieldLines): OriginTarget {
  // Extended CONNECT is an HTTP/1.1 Upgrade, which only GET asks for here.
  const isUpgrade = fieldValue(fields, ':protocol') !== undefined;
  const method = isUpgrade ? 'GET' : (fieldValue(fields, ':method') ?? '');
  const path = fieldValue(fields, ':path') ?? '';
  const scheme = fieldValue(fields, ':scheme')?.toLowerCase();
  if (method === 'CONNECT') throw new Rejection(405, 'CONNECT is not allowed');
  if (scheme !== 'http' && scheme !== 'https') throw new Rejection(400, 'scheme neither http nor https');
  // Methods are case-sensitive (RFC 9110 §9.1), and node:http would change them.
  if (method !== method.toUpperCase()) throw new Rejection(501, 'unknown method');
  return { method, path };
}

/** Starts the HTTP/1.1 request; its head goes out with the first content, the end, or `flushHeaders`. */
export function openOriginRequest(
  target: OriginTarget,
  fields: FieldLines,
  framing: Framing,
  hop: HopFields,
  context: OriginContext,
): ClientRequest {
  const headers = requestToHttp1(fields, framing, hop);
  const options = {
    agent: context.pool,
    host: context.address.host,
    port: context.address.port,
    method: target.method,
    path: target.path,
    maxHeaderSize: context.limits.maxHeaderSize,
    insecureHTTPParser: false,
    setHost: false,
  };
  const unframed = framing === 'none' && !headers.includes('Content-Length');
  const opened =
    unframed && !isUsuallyBare(target.method)
      ? withoutFraming(request(options), headers)
      : request({ ...options, headers });
  // All of them: they are counted later.
  opened.maxHeadersCount = 0;
  return opened;
}

/** Whether requests with this method mostly have no content (RFC 9110 §9.3). */
export function isUsuallyBare(method: string): boolean {
  return BARE.has(method);
}

const BARE: ReadonlySet<string> = new Set(['GET', 'HEAD', 'DELETE', 'OPTIONS', 'TRACE']);

// node:http would announce content, as it expects some with this method, unless told before it writes the head;
// and that it does at once for a head given as a list.
function withoutFraming(opened: ClientRequest, headers: readonly string[]): ClientRequest {
  opened.useChunkedEncodingByDefault = false;
  for (let at = 0; at < headers.length; at += 2) {
    opened.appendHeader(headers[at] as string, headers[at + 1] as string);
  }
  return opened;
}
