import { Rejection } from '../../../src/proxy/failures.ts';
import type { ContentEnd } from '../../../src/proxy/message-parser.ts';
import type { Http1Request } from '../../../src/proxy/request-head.ts';
import { RequestParser } from '../../../src/proxy/request-parser.ts';
import { bytesOf, check, expected, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';
import { checkHoweverItComes, contentOf, fieldsOf } from './messages.ts';

/** Wide enough for every input: limits have tests of their own. */
const MOST = 1024;

/**
 * Requests of a client: the same whether the bytes come at once, one by one or in two parts, and as RFC 9112 has them;
 * what can never become one is refused before its end.
 */
export const requestParser: Target = {
  name: 'request-parser',
  maxLength: 320,
  seeds: [
    'GET / HTTP/1.1\r\nHost: a\r\n\r\nGET /2',
    '\r\n\r\n\r\nPOST http://b/ HTTP/1.0\r\nA: \t x \r\nContent-Length: 5\r\n\r\nhello',
    'M-SEARCH * HTTP/1.1\r\nTE: 1\r\n\r\n5;a="b"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
    'PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n',
    '\x16\x03\x01\x02\0\x01\0\x01\xfc\x03\x03',
    'GET /\r\n',
  ].map(bytesOf),
  dictionary: [
    'GET / HTTP/1.1\r\n',
    ' HTTP/1.0\r\n',
    'HTTP/1.',
    'Content-Length: 3\r\n',
    'TE: x\r\n',
    '\r\n\r\n',
    '\r\n',
    '0\r\n\r\n',
    '3\r\nabc\r\n',
  ].map(bytesOf),
  run(input, trace) {
    const wanted = reference(Buffer.from(input).toString('latin1'), trace);
    checkHoweverItComes(input, wanted, parsed);
  },
};

// What is told, as text; pieces of content run together.
function parsed(input: Uint8Array, step: number): string {
  const parser = new RequestParser(MOST);
  let told = '';
  parser.begin({
    onHead: (head) => {
      told += tellHead(head);
      return contentEnd(head.rawHeaders);
    },
    onContent: (content) => {
      check(content.length > 0, 'no content is empty');
      told += content.toString('latin1');
    },
  });
  let used = 0;
  try {
    for (let at = 0; at < input.length && !parser.isComplete; at += step) {
      used += parser.feed(Buffer.from(input.subarray(at, at + step)));
    }
  } catch (error) {
    check([400, 505].includes(expected(error, Rejection).status), 'the fault is the client’s');
    return `${told}\nwrong`;
  }
  if (parser.isComplete) return `${told}\n${parser.takeTrailers().join('|')}\ncomplete after ${used}`;
  check(!parser.end(), 'no request ends with its connection');
  return `${told}\ncut`;
}

const tellHead = ({ method, target, minorVersion, rawHeaders }: Http1Request): string =>
  `\n${method} ${target} ${minorVersion} ${rawHeaders.join('|')}\n`;

// Stands for what the proxy makes of the fields, and needs less of an input.
function contentEnd(fields: readonly string[]): Exclude<ContentEnd, 'close'> {
  if (fields.includes('TE')) return 'last-chunk';
  const at = fields.indexOf('Content-Length');
  const length = at < 0 ? Number.NaN : Number(fields[at + 1]);
  return length >= 0 && Number.isInteger(length) ? length : 0;
}

const LINE = /^([!#$%&'*+\-.^_`|~0-9A-Za-z]+) ([!-~]+) HTTP\/1\.([01])$/;
const ENDS = /^(?:\r\n)*/;
const LINES = /^(?:[\t -~\x80-\xff]|\r\n)*$/;

/** The same, all at once and by other means. */
function reference(input: string, trace: Trace): string {
  const start = ENDS.exec(input)?.[0].length ?? 0;
  const end = input.indexOf('\r\n\r\n', start);
  if (end < 0) return unfinished(input.slice(start));
  const [first = '', ...lines] = input.slice(start, end).split('\r\n');
  const line = LINE.exec(first);
  const fields = fieldsOf(lines);
  if (line === null || fields === undefined) return '\nwrong';
  trace.size(1, fields.length);
  const told = `\n${line.slice(1, 4).join(' ')} ${fields.join('|')}\n`;
  return told + contentOf(input, end + 4, contentEnd(fields), trace);
}

function unfinished(text: string): string {
  const lines = text.endsWith('\r') ? text.slice(0, -1) : text;
  const end = lines.indexOf('\r\n');
  return LINES.test(lines) && (end < 0 || LINE.test(lines.slice(0, end))) ? '\ncut' : '\nwrong';
}
