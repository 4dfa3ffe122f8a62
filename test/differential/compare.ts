/** Whether what an origin saw, and what the sender was answered, is what the sender meant. */
import type { Expected, Meaning } from './oracle.ts';
import type { Answer } from './sender.ts';
import { type Field, type StrictRequest, trim, valuesOf } from './strict-parser.ts';

/** What happened to the bytes of one connection. */
export interface Outcome {
  /** Requests that the origin saw to their end, in order, with the tag that each was answered with. */
  readonly seen: readonly Seen[];
  readonly answers: readonly Answer[];
  readonly closed: boolean;
  /** Bytes from the program that a strict origin could not take. */
  readonly malformed: readonly string[];
}

export interface Seen {
  readonly request: StrictRequest;
  readonly tag: string;
}

/** What is not as it was meant. */
export interface Discrepancy {
  /** In a word: two with the same one probably have the same cause. */
  readonly kind: string;
  readonly what: string;
}

/** What is not as it was meant; `undefined` when everything is. */
export function discrepancy(meaning: Meaning, outcome: Outcome): Discrepancy | undefined {
  const { seen, answers, closed, malformed } = outcome;
  if (malformed[0] !== undefined) return found('malformed', `the origin cannot read ${malformed[0]}`);
  let nth = 0;
  let answer = 0;
  for (const expected of meaning.requests) {
    const got = answers[answer++];
    if (got?.isRefusal === true) {
      if (expected.doubts.length === 0) return found('refused', `${label(expected)} with ${got.status}`);
      if (closed && answer === answers.length) return rest(seen, nth);
      continue;
    }
    const request = seen[nth++];
    if (request === undefined) return found('unseen', `the origin never saw ${label(expected)}`);
    const difference = compare(expected, request.request);
    if (difference !== undefined) return found(difference.kind, `${label(expected)}: ${difference.what}`);
    if (got?.tag !== request.tag) return found('answer', `${label(expected)} got ${JSON.stringify(got)}`);
    if (expected.mayClose && closed && answer === answers.length) return rest(seen, nth);
  }
  return rest(seen, nth) ?? ending(meaning, answers.slice(answer), closed);
}

const found = (kind: string, what: string): Discrepancy => ({ kind, what });

function rest(seen: readonly Seen[], from: number): Discrepancy | undefined {
  const extra = seen[from];
  return extra && found('extra', `the origin saw one more: ${extra.request.method} ${extra.request.target}`);
}

function ending(
  { ending, reason }: Meaning,
  answers: readonly Answer[],
  closed: boolean,
): Discrepancy | undefined {
  const [first, second] = answers;
  if (second !== undefined || first?.isRefusal === false)
    return found('answers', `one more: ${first?.status}`);
  if (ending === 'refused' && (first === undefined || !closed)) return found('accepted', reason);
  if (ending === 'closed' && (first !== undefined || !closed)) return found('open', 'the connection stays');
  return undefined;
}

const label = ({ method, target }: Expected): string => `${method} ${target}`;

function compare(expected: Expected, got: StrictRequest): Discrepancy | undefined {
  if (got.doubts.length > 0) return found('lenient', got.doubts.join());
  if (got.minor !== 1) return found('version', `HTTP/1.${got.minor}`);
  if (got.method !== expected.method) return found('method', got.method);
  if (got.target !== expected.target) return found('target', got.target);
  // node:http puts names that are numbers before all others.
  const [first] = got.fields.filter(([name]) => !/^[0-9]+$/.test(name));
  if (first?.[0] !== 'Host' || valuesOf(got.fields, 'host').length !== 1) return found('host', 'not first');
  if (first[1] !== expected.host) return found('host', first[1]);
  if (got.body !== expected.body)
    return found('content', `${got.body.length} bytes instead of ${expected.body.length}`);
  return (
    framing(expected, got) ??
    fields('fields', headFields(expected, got), got.fields.filter(isEndToEnd)) ??
    fields('trailers', expected.trailers, got.trailers) ??
    requestId(got)
  );
}

// No sender here gives one, so that it is the program's; directly at the origin there is none.
function requestId(got: StrictRequest): Discrepancy | undefined {
  const ids = valuesOf(got.fields, 'x-request-id');
  return ids.length <= 1 ? undefined : found('request id', ids.join());
}

// HTTP/3 does not tell a chunked message without content and trailers from one without content.
function framing(expected: Expected, got: StrictRequest): Discrepancy | undefined {
  const isEmpty = expected.framing === 'chunked' && expected.body === '' && expected.trailers.length === 0;
  if (got.framing === expected.framing || (isEmpty && got.framing === 'none')) return undefined;
  return found('framing', `${got.framing} instead of ${expected.framing}`);
}

const isEndToEnd = ([name]: Field): boolean =>
  !['host', 'connection', 'transfer-encoding', 'x-request-id'].includes(name.toLowerCase());

// Trailer announces what only chunked content can have; cookies are joined (RFC 9114 §4.2.1).
function headFields(expected: Expected, got: StrictRequest): Field[] {
  const kept = expected.fields.filter(([name]) => name !== 'trailer' || got.framing === 'chunked');
  const cookies = valuesOf(kept, 'cookie');
  const others = kept.filter(([name]) => name !== 'cookie');
  return cookies.length === 0 ? others : [...others, ['cookie', trim(cookies.join('; '))]];
}

// Fields of one name keep their order; names come in Title-Case.
function fields(kind: string, expected: readonly Field[], got: readonly Field[]): Discrepancy | undefined {
  const untitled = got.find(([name]) => name !== titleCase(name));
  if (untitled !== undefined) return found('case', untitled[0]);
  const wanted = byName(expected);
  const actual = byName(got);
  return wanted === actual ? undefined : found(kind, `${actual} instead of ${wanted}`);
}

function byName(list: readonly Field[]): string {
  const lower = list.map(([name, value]): Field => [name.toLowerCase(), value]);
  const names = [...new Set(lower.map(([name]) => name))].sort();
  return JSON.stringify(names.map((name) => [name, ...valuesOf(lower, name)]));
}

const titleCase = (name: string): string =>
  name.toLowerCase().replace(/(^|-)([a-z])/g, (_all, before: string, letter: string) => {
    return before + letter.toUpperCase();
  });
