import { fieldValue } from '../../../src/h3/field-lines.ts';
import { checkRequest, checkResponse, checkTrailers } from '../../../src/h3/fields.ts';
import type { FieldLines } from '../../../src/h3/port.ts';
import { Rejection } from '../../../src/proxy/failures.ts';
import {
  type Framing,
  interimToHttp3,
  requestToHttp1,
  requestToHttp3,
  responseToHttp1,
  responseToHttp3,
  trailersToHttp3,
} from '../../../src/proxy/fields.ts';
import { fieldName } from '../../../src/proxy/names.ts';
import { Input } from '../input.ts';
import { check, expected, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';
import { BREAKS_LINES, inputOf, LINES, linesFrom } from './lines.ts';

const LIMITS = { maxHeaderSize: 256, maxHeaderCount: 8 };
const METHODS = ['GET', 'HEAD', 'POST', 'OPTIONS', 'DELETE', 'M-SEARCH'];
const PATH = '/a/b?c=d';

const request = (method: number, minor: number, url: string, ...raw: string[]): Uint8Array =>
  inputOf(raw, String.fromCharCode(method, minor, url.length) + url);

/**
 * Heads of HTTP/1.1 messages on their way into the tunnel, as the parser may give them: refused with a status, or what
 * the other end takes (RFC 9114 §4), and the same after another hop.
 */
export const http1Heads: Target = {
  name: 'http1-heads',
  maxLength: 320,
  seeds: [
    request(
      0,
      1,
      PATH,
      'Host',
      'a.example',
      'Connection',
      'x-gone, keep-alive',
      'X-Gone',
      '1',
      'Cookie',
      'a=b',
    ),
    request(
      2,
      1,
      'http://b:8080/p',
      'Host',
      'a',
      'Transfer-Encoding',
      'chunked',
      'Trailer',
      'x',
      'TE',
      'trailers',
    ),
    request(2, 0, '//evil/x', 'Host', 'a', 'Content-Length', '10', 'Expect', '100-continue', 'Date', 'now'),
    request(
      3,
      1,
      '*',
      'Host',
      '[::1]:1',
      'Upgrade',
      'x',
      'Keep-Alive',
      'timeout=5',
      'Proxy-Connection',
      'close',
    ),
  ],
  dictionary: LINES,
  run(bytes, trace) {
    const input = new Input(bytes);
    const method = input.pick(METHODS);
    const minorVersion = input.below(2) === 0 ? 0 : 1;
    const target = input.take(input.below(64)).toString('latin1').replace(NOT_IN_TARGETS, '') || '/';
    const raw = linesFrom(Buffer.from(input.rest()).toString('latin1')).map(asParsed);
    requests({ method, target, minorVersion, rawHeaders: raw }, trace);
    responses({ status: 200 + minorVersion * 4, httpVersion: `1.${minorVersion}`, rawHeaders: raw }, trace);
    const trailers = accepted(() => trailersToHttp3(raw, LIMITS), [431, 400], trace);
    if (trailers !== undefined) checkTrailers(trailers);
  },
};

// What the parsers let through: no control bytes, tokens for names, and no white space around values.
const NOT_IN_TARGETS = /[^!-~\x80-\xff]/g;
const NOT_IN_NAMES = /[^!#$%&'*+\-.^_`|~0-9A-Za-z]/g;
const NOT_IN_VALUES = /^[\t ]+|[\t ]+$|[^\t -~\x80-\xff]/g;

function asParsed(text: string, at: number): string {
  if (at % 2 === 0) return text.replace(NOT_IN_NAMES, '') || 'x';
  return text.replace(NOT_IN_VALUES, '').replace(NOT_IN_VALUES, '');
}

// The result, or `undefined` when it was refused.
function accepted<T>(convert: () => T, statuses: readonly number[], trace: Trace): T | undefined {
  try {
    const result = convert();
    trace.hit(1);
    return result;
  } catch (error) {
    const { status, message } = expected(error, Rejection);
    check(statuses.includes(status), `a status that says whose fault it is, not ${status}`);
    check(!BREAKS_LINES.test(message), 'the reason fits into a line of the log');
    trace.say(message);
    return undefined;
  }
}

function requests(head: Parameters<typeof requestToHttp3>[0], trace: Trace): void {
  const converted = accepted(
    () => requestToHttp3(head, LIMITS, undefined),
    [400, 414, 417, 431, 501, 505],
    trace,
  );
  if (converted === undefined) return;
  const { fields } = converted;
  const framing = framingOf(converted.contentEnd);
  trace.say(framing);
  for (let at = 0; at < fields.length; at += 2) trace.say(fieldName(fields[at] ?? '').role);
  trace.size(head.minorVersion, head.target.length);
  checkRequest(fields);
  const target = fieldValue(fields, ':path') ?? '';
  const next = {
    ...head,
    target,
    minorVersion: 1 as const,
    rawHeaders: requestToHttp1(fields, framing, HOP),
  };
  const again = requestToHttp3(next, WIDE, undefined);
  check(framingOf(again.contentEnd) === framing, 'another hop frames the content likewise');
  check(normalised(again.fields, framing) === normalised(fields, framing), 'another hop passes the same on');
}

const framingOf = (end: number | 'last-chunk'): Framing =>
  end === 'last-chunk' ? 'chunked' : end === 0 ? 'none' : 'length';

// What a hop says of a request, and lines that get longer by what it says of itself.
const HOP = { forwarded: undefined, requestId: 'id' };
const WIDE = { maxHeaderSize: 1024, maxHeaderCount: 16 };

// Crumbs of a cookie are joined (RFC 9114 §4.2.1), and Trailer goes where no trailers can come.
function normalised(fields: FieldLines, framing: Framing): string {
  const lines: string[] = [];
  const cookies: string[] = [];
  for (let at = 0; at < fields.length; at += 2) {
    const [name, value] = [fields[at] ?? '', fields[at + 1] ?? ''];
    if (name === 'cookie' && (value !== '' || cookies.length === 0)) cookies.push(value);
    else if (name !== 'cookie' && name !== 'x-request-id' && (name !== 'trailer' || framing === 'chunked'))
      lines.push(`${name}: ${value}`);
  }
  return `${lines.join('\n')}\n${cookies.join('; ')}`;
}

type Response = Parameters<typeof responseToHttp3>[0];

function responses(response: Response, trace: Trace): void {
  const head = accepted(() => responseToHttp3(response, LIMITS), [502], trace);
  if (head !== undefined) {
    checkResponse(head.fields);
    const raw = responseToHttp1(head.fields, { chunked: true, withLength: true });
    const again = responseToHttp3({ status: response.status, httpVersion: '1.1', rawHeaders: raw }, WIDE);
    check(
      normalised(again.fields, 'chunked') === normalised(head.fields, 'chunked'),
      'another hop passes the same response on',
    );
  }
  const interim = accepted(() => interimToHttp3(103, response.rawHeaders, LIMITS), [502], trace);
  if (interim !== undefined) checkResponse(interim);
}
