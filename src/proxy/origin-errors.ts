import { Rejection } from './failures.ts';

/** What is answered when the HTTP/1.1 request to the origin fails before its response. */
export function originRejection(error: NodeJS.ErrnoException): Rejection {
  const code = error.code ?? '';
  if (code === 'ETIMEDOUT') return new Rejection(504, 'no connection to the origin in time');
  if (code === 'HPE_HEADER_OVERFLOW')
    return new Rejection(502, "the origin's response: header fields too large");
  if (code.startsWith('HPE_')) return new Rejection(502, "the origin's response is malformed");
  return new Rejection(502, REASONS.get(code) ?? 'the request to the origin failed');
}

const REASONS: ReadonlyMap<string, string> = new Map([
  ['ECONNREFUSED', 'the origin refuses connections'],
  ['ECONNRESET', 'the origin closed the connection'],
  ['EPIPE', 'the origin closed the connection'],
  ['ENOTFOUND', "the origin's name cannot be resolved"],
  ['EAI_AGAIN', "the origin's name cannot be resolved"],
  ['EHOSTUNREACH', 'the origin cannot be reached'],
  ['ENETUNREACH', 'the origin cannot be reached'],
  ['EMFILE', 'the server end has no file descriptors left'],
  ['ENFILE', "the server end's host has no file descriptors left"],
]);
