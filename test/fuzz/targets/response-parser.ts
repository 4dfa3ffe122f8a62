import { Rejection } from '../../../src/proxy/failures.ts';
import type { ContentEnd } from '../../../src/proxy/message-parser.ts';
import type { ResponseHead } from '../../../src/proxy/response-head.ts';
import { ResponseParser } from '../../../src/proxy/response-parser.ts';
import { bytesOf, check, expected, type Target } from '../target.ts';
import type { Trace } from '../trace.ts';
import { checkHoweverItComes, contentOf, fieldsOf } from './messages.ts';

/** Wide enough for every input: limits have tests of their own. */
const MOST = 1024;

/**
 * Responses of an origin: the same whether the bytes come at once, one by one or in two parts, and as RFC 9112 has
 * them.
 */
export const responseParser: Target = {
  name: 'response-parser',
  maxLength: 320,
  seeds: [
    'HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhelloHTTP/1.1',
    'HTTP/1.1 103 \r\nLink: \t x \r\n\r\nHTTP/1.0 404\r\nA:\r\n\r\nuntil the end',
    'HTTP/1.1 200 OK\r\nTE: 1\r\n\r\n5;a="b"\r\nhello\r\n00A\r\n0123456789\r\n0\r\nX-Sum: 1\r\n\r\n',
    'HTTP/1.1 204 No\r\nContent-Length: 0\r\n\r\n',
  ].map(bytesOf),
  dictionary: [
    'HTTP/1.1 200 OK\r\n',
    'Content-Length: 3\r\n',
    'TE: x\r\n',
    '\r\n\r\n',
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
  const parser = new ResponseParser(MOST);
  let told = '';
  parser.begin({
    onInterimHead: (head) => {
      told += tellHead(head);
    },
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
    check(expected(error, Rejection).status === 502, 'the fault is the origin’s');
    return `${told}\nwrong`;
  }
  if (parser.isComplete) return `${told}\n${parser.takeTrailers().join('|')}\ncomplete after ${used}`;
  return `${told}\n${parser.end() ? 'complete' : 'cut'}`;
}

const tellHead = ({ status, httpVersion, rawHeaders }: ResponseHead): string =>
  `\n${status} ${httpVersion} ${rawHeaders.join('|')}\n`;

// Stands for what the proxy makes of the fields, and needs less of an input.
function contentEnd(fields: readonly string[]): ContentEnd {
  if (fields.includes('TE')) return 'last-chunk';
  const at = fields.indexOf('Content-Length');
  const length = at < 0 ? Number.NaN : Number(fields[at + 1]);
  return length >= 0 && Number.isInteger(length) ? length : 'close';
}

const HEAD = /^(?:[^\r\n]*\r\n)+?\r\n/;
const STATUS_LINE = /^HTTP\/1\.[01] [0-9]{3}(?: [\t -~\x80-\xff]*)?$/;
/** The same, all at once and by other means. */
function reference(input: string, trace: Trace): string {
  let told = '';
  for (let at = 0; ; ) {
    const end = input.indexOf('\r\n\r\n', at);
    if (end < 0) return `${told}\ncut`;
    const text = input.slice(at, end + 4);
    const [first = '', ...lines] = text.slice(0, -4).split('\r\n');
    if (!HEAD.test(text) || !STATUS_LINE.test(first)) return `${told}\nwrong`;
    const fields = fieldsOf(lines);
    if (fields === undefined) return `${told}\nwrong`;
    const status = Number(first.slice(9, 12));
    told += `\n${status} ${first.slice(5, 8)} ${fields.join('|')}\n`;
    trace.size(1, fields.length);
    at = end + 4;
    if (status < 100 || status > 199) return told + contentOf(input, at, contentEnd(fields), trace);
    trace.hit(2);
  }
}
