import { LastFew } from '../bytes/last-few.ts';
import { isLasting } from '../bytes/lasting.ts';
import { fieldValue } from '../h3/field-lines.ts';
import type { FieldLines } from '../h3/port.ts';
import { Rejection, reasonPhrase } from './failures.ts';
import { fieldText } from './field-text.ts';
import { responseToHttp1 } from './fields.ts';
import { httpDate } from './http-date.ts';
import type { Http1Request } from './request-head.ts';

/** The head of a final response as it is written to an HTTP/1.1 client, and what it says of what comes behind it. */
export interface WrittenHead {
  readonly text: string;
  readonly status: number;
  readonly isBodiless: boolean;
  readonly isChunked: boolean;
  /** Whether only the end of the connection tells where the content ends (RFC 9112 §6.3). */
  readonly isCloseDelimited: boolean;
  /** Whether the client is told that it may ask for more on the connection. */
  readonly persists: boolean;
}

/** What was written for some fields, and what it depends on beside them. */
interface Known {
  readonly head: WrittenHead;
  readonly isHead: boolean;
  readonly minorVersion: number;
  readonly keepAlive: boolean;
  /** The Date in it that is ours. */
  readonly date: string | undefined;
}

const heads = new LastFew<FieldLines, Known>();

/**
 * The head of a final response with these fields, out of the tunnel. `keepAlive`: whether the connection may be kept, if the
 * response does not end with it. Throws a Rejection for a status that it cannot have.
 */
export function writtenHead(fields: FieldLines, request: Http1Request, keepAlive: boolean): WrittenHead {
  const { minorVersion } = request;
  const isHead = request.method === 'HEAD';
  const known = heads.find(fields);
  if (known !== undefined && isCurrent(known)) {
    const isAsked = known.isHead === isHead && known.minorVersion === minorVersion;
    if (isAsked && known.keepAlive === keepAlive) return known.head;
  }
  const date = fieldValue(fields, 'date') === undefined ? httpDate() : undefined;
  const head = write(fields, isHead, minorVersion, keepAlive, date);
  if (isLasting(fields)) heads.keep(fields, { head, isHead, minorVersion, keepAlive, date });
  return head;
}

const isCurrent = ({ date }: Known): boolean => date === undefined || date === httpDate();

function write(
  fields: FieldLines,
  isHead: boolean,
  minorVersion: number,
  keepAlive: boolean,
  date: string | undefined,
): WrittenHead {
  const status = Number(fieldValue(fields, ':status'));
  if (!(status >= 200 && status <= 599)) throw new Rejection(502, `response with status ${status}`);
  const isBodiless = isHead || status === 204 || status === 304;
  const isEndUnknown = !isBodiless && fieldValue(fields, 'content-length') === undefined;
  const isChunked = isEndUnknown && minorVersion === 1;
  const isCloseDelimited = isEndUnknown && minorVersion === 0;
  const persists = keepAlive && !isCloseDelimited;
  const headers = responseToHttp1(fields, { chunked: isChunked, withLength: status !== 204 });
  const text = finalHead(status, headers, date, persists, isChunked);
  return { text, status, isBodiless, isChunked, isCloseDelimited, persists };
}

/** A final head as it is written. `date`: for the Date that is not among the headers. */
export function finalHead(
  status: number,
  headers: readonly string[],
  date: string | undefined,
  persists: boolean,
  isChunked: boolean,
): string {
  const dated = date === undefined ? '' : `Date: ${date}\r\n`;
  const coding = isChunked ? 'Transfer-Encoding: chunked\r\n' : '';
  return `${statusLine(status)}${fieldText(headers)}${dated}${persists ? KEEP_ALIVE : CLOSE}${coding}\r\n`;
}

/** An interim head as it is written. */
export function interimHead(status: number, headers: readonly string[]): string {
  return `${statusLine(status)}${fieldText(headers)}\r\n`;
}

const statusLine = (status: number): string => `HTTP/1.1 ${status} ${reasonPhrase(status)}\r\n`;

/** How long a connection is kept for another request, seconds. Longer than usual clients do, so that it is they who close. */
export const KEEP_ALIVE_TIMEOUT = 75;

const KEEP_ALIVE = `Connection: keep-alive\r\nKeep-Alive: timeout=${KEEP_ALIVE_TIMEOUT}\r\n`;
const CLOSE = 'Connection: close\r\n';
