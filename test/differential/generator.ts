/** Makes the bytes of one HTTP/1.1 connection: valid requests, most of them changed in one or two ways. */

import { Random } from '../support/random.ts';
import { mutate, mutateBytes } from './mutations.ts';
import { tagFor } from './tags.ts';

/** A request before it becomes bytes. */
export interface Draft {
  readonly tag: string;
  readonly host: string;
  method: string;
  target: string;
  version: string;
  /** Field lines without their line ends. */
  fields: string[];
  /** The content as it is on the wire, chunks and all. */
  content: string;
  /** What ends the lines of the head. */
  lineEnd: string;
  /** What stands before the request line. */
  before: string;
}

export interface Case {
  readonly tag: string;
  /** Requests that were generated, not counting the last one, which only closes. */
  readonly size: number;
  readonly text: string;
  readonly cuts: readonly number[];
}

/** The nth case of a seed: always the same. */
export function generate(seed: number, nth: number): Case {
  const random = new Random(Math.imul(seed, 0x9e3779b1) ^ Math.imul(nth + 1, 0x85ebca6b));
  const tag = Math.floor(random.next() * 2 ** 32)
    .toString(16)
    .padStart(8, '0');
  const size = 1 + random.below(4);
  let text = '';
  for (let index = 0; index < size; index++) text += request(random, tag, index);
  if (random.chance(0.15)) text = mutateBytes(random, text);
  // Without mutations, it ends the connection once everything before it is answered.
  text += `GET /${tagFor(tag, 9)} HTTP/1.1\r\nHost: a\r\nConnection: close\r\n\r\n`;
  return { tag, size, text, cuts: cutsOf(random, text.length) };
}

function request(random: Random, caseTag: string, nth: number): string {
  const draft = valid(random, caseTag, nth);
  // Enough of them stay valid for the later ones of a connection to be reached.
  const changes = random.pick([0, 1, 1, 1, 2, 3]);
  for (let count = 0; count < changes; count++) mutate(random, draft);
  return write(draft);
}

const PATHS = ['', '/x', '/a/b.c', '?q=1&r=%20', '//evil/x', '/../..', '/a;b=c', '/%2e%2e/%00', '?', '/~:@'];

function valid(random: Random, caseTag: string, nth: number): Draft {
  const tag = tagFor(caseTag, nth);
  const host = random.pick(['a', 'example.org', 'example.org:8080', '127.0.0.1', '[::1]:80']);
  const target = `/${tag}${random.pick(PATHS)}`;
  const fields = [`Host: ${host}`, `X-Tag: ${tag}`];
  const draft: Draft = {
    tag,
    host,
    method: 'GET',
    target,
    version: 'HTTP/1.1',
    fields,
    content: '',
    lineEnd: '\r\n',
    before: '',
  };
  addFields(random, draft);
  if (random.chance(0.6)) addContent(random, draft, tagFor(caseTag, nth, true));
  else draft.method = random.pick(['GET', 'GET', 'HEAD', 'DELETE', 'OPTIONS', 'POST', 'PUT', 'TRACE']);
  return draft;
}

const FIELDS = [
  'Accept: */*',
  'accept-language: de, en;q=0.5',
  'User-Agent: test (a "b" c)',
  'Cookie: a=b; c=d',
  'Content-Type: text/plain',
  'X-Empty:',
  'x-latin: \xe4\xf6\xfc\xff',
  'X_Under: 1',
  'Via: 1.1 other',
  'X-Forwarded-For: 1.2.3.4',
  'Date: Sun, 06 Nov 1994 08:49:37 GMT',
  'Range: bytes=0-1',
];

function addFields(random: Random, draft: Draft): void {
  for (let count = random.below(5); count > 0; count--) draft.fields.push(random.pick(FIELDS));
}

function addContent(random: Random, draft: Draft, hidden: string): void {
  draft.method = random.pick(['POST', 'POST', 'PUT', 'PATCH', 'DELETE', 'GET', 'OPTIONS', 'HEAD']);
  const content = random.pick([
    '',
    'x',
    'hello world',
    '0\r\n\r\n',
    'z'.repeat(300),
    `GET /${hidden} HTTP/1.1\r\nHost: a\r\n\r\n`,
    `0\r\n\r\nGET /${hidden} HTTP/1.1\r\nHost: a\r\nX-Tag: ${hidden}\r\n\r\n`,
  ]);
  if (random.chance(0.5)) {
    draft.fields.push(`Content-Length: ${content.length}`);
    draft.content = content;
  } else {
    draft.fields.push('Transfer-Encoding: chunked');
    draft.content = chunked(random, content);
  }
}

function chunked(random: Random, content: string): string {
  let text = '';
  for (let at = 0; at < content.length; ) {
    const size = 1 + random.below(content.length - at);
    text += `${size.toString(16)}\r\n${content.slice(at, at + size)}\r\n`;
    at += size;
  }
  const trailers = random.chance(0.3) ? 'X-Trailer: one\r\n' : '';
  return `${text}0\r\n${trailers}\r\n`;
}

function write({ method, target, version, fields, content, lineEnd, before }: Draft): string {
  return `${before}${[`${method} ${target} ${version}`, ...fields, '', ''].join(lineEnd)}${content}`;
}

function cutsOf(random: Random, length: number): number[] {
  const count = random.pick([0, 0, 1, 1, 2, 5]);
  const cuts = Array.from({ length: count }, () => 1 + random.below(length - 1));
  return [...new Set(cuts)].sort((a, b) => a - b);
}
