import { Buffer } from 'node:buffer';
import { STATUS_CODES } from 'node:http';
import type { StreamFailure } from '../h3/port.ts';
import { fieldText } from './field-text.ts';

/** Where the proxy writes what went wrong, as pino has it. Neither field values nor query strings go there. */
export interface Logger {
  debug(details: object, message: string): void;
  info(details: object, message: string): void;
  warn(details: object, message: string): void;
  error(details: object, message: string): void;
}

/** A message that cannot be passed on. Raised where the rule breaks; becomes a synthetic response. */
export class Rejection extends Error {
  override readonly name = 'Rejection';
  /** What the client is told. */
  readonly status: number;

  constructor(status: number, reason: string) {
    super(reason);
    this.status = status;
  }
}

/** What the failure of a request stream means to the client: 504 when the other end fell silent. */
export function streamRejection({ source, reason }: StreamFailure): Rejection {
  return new Rejection(source === 'idle' ? 504 : 502, `request stream failed: ${reason}`);
}

/** What `error` means to the client: itself when it is a Rejection, else a fault of ours. */
export function asRejection(error: unknown): Rejection {
  if (error instanceof Rejection) return error;
  return new Rejection(502, 'internal error');
}

/**
 * A request target as it may stand in a log: printable, not too long, without query unless `withQuery`, and without the
 * user of an absolute-form.
 */
export function loggedPath(target: string, withQuery = false): string {
  const path = withQuery ? target : (target.split('?', 1)[0] ?? '');
  const anonymous = path.startsWith('/') ? path : path.replace(USER, '//');
  return printable(anonymous.slice(0, withQuery ? MAX_LOGGED_WITH_QUERY : MAX_LOGGED));
}

const MAX_LOGGED = 256;
const MAX_LOGGED_WITH_QUERY = 2048;
const USER = /\/\/[^/?]*@/;

/** Text from outside as it may stand in a log line: what could end the line or steer a terminal is escaped. */
export function printable(text: string): string {
  return text.replace(UNPRINTABLE, (char) => `\\x${char.charCodeAt(0).toString(16).padStart(2, '0')}`);
}

const UNPRINTABLE = /[^\x20-\x7e\xa0-\xff]/g;

/** A response of our own making. */
export interface Synthetic {
  readonly status: number;
  /** The reason phrase (RFC 9110 §15). */
  readonly phrase: string;
  /** Name, value, name, value, …, the names in Title-Case. */
  readonly headers: readonly string[];
  readonly body: Buffer;
}

/**
 * The response that says why there is none: `Server: ptproxy client` or `server`, the reason as plain text. `id` names
 * the request, as its log lines do.
 */
export function synthetic(end: 'client' | 'server', status: number, reason: string, id: string): Synthetic {
  const body = Buffer.from(reason);
  return {
    status,
    phrase: reasonPhrase(status),
    headers: [
      'Server',
      `ptproxy ${end}`,
      'Content-Type',
      'text/plain;charset=UTF-8',
      'Content-Length',
      String(body.length),
      'X-Request-Id',
      id,
    ],
    body,
  };
}

/**
 * The whole message of a response after which the connection is closed, where no other could be read behind the request.
 * Without its content when it answers HEAD.
 */
export function closingMessage(answer: Synthetic, date: string, withBody: boolean): Buffer {
  const head = `HTTP/1.1 ${answer.status} ${answer.phrase}\r\n${fieldText(answer.headers)}Date: ${date}\r\nConnection: close\r\n\r\n`;
  const bytes = Buffer.from(head, 'latin1');
  return withBody ? Buffer.concat([bytes, answer.body]) : bytes;
}

/** The standard reason phrase of a status (RFC 9110 §15), empty when it has none. */
export function reasonPhrase(status: number): string {
  return STATUS_CODES[status] ?? '';
}
