/** Ways to change a request: each is one that a sloppy sender, or an attacker, might come up with. */

import type { Random } from '../support/random.ts';
import type { Draft } from './generator.ts';
import {
  BROKEN,
  BYTES,
  CHUNK_ENDS,
  CHUNK_LINES,
  CODINGS,
  CONNECTIONS,
  FRAMINGS,
  HOPS,
  HOSTS,
  IN_VALUES,
  INSERTIONS,
  LENGTHS,
  METHODS,
  OTHERS,
  SEPARATORS,
  TARGETS,
  TRAILERS,
  VERSIONS,
} from './odd-forms.ts';

type Mutation = (random: Random, draft: Draft) => void;

/** Changes a request in one way. */
export function mutate(random: Random, draft: Draft): void {
  random.pick(MUTATIONS)(random, draft);
}

/** Changes a few bytes, anywhere. */
export function mutateBytes(random: Random, text: string): string {
  const odd = random.pick(BYTES);
  const inserted = random.pick(['', '', odd, odd + random.pick(BYTES)]);
  return replaceAt(text, random.below(text.length), random.below(3), inserted);
}

const replaceAt = (text: string, at: number, count: number, by: string): string =>
  text.slice(0, at) + by + text.slice(at + count);

/** Changes one field line. */
const line =
  (change: (random: Random, text: string) => string): Mutation =>
  (random, draft) => {
    const at = random.below(draft.fields.length);
    draft.fields[at] = change(random, draft.fields[at] ?? '');
  };

/** Adds field lines somewhere. */
const added =
  (forms: readonly string[]): Mutation =>
  (random, draft) => {
    draft.fields.splice(random.below(draft.fields.length + 1), 0, ...random.pick(forms).split('|'));
  };

/** Puts field lines in the place of those whose name fits. */
const replaced =
  (name: RegExp, forms: readonly string[]): Mutation =>
  (random, draft) => {
    const others = draft.fields.filter((field) => !name.test(field));
    draft.fields = [...others, ...random.pick(forms).split('|')];
  };

const duplicate: Mutation = (random, draft) => {
  draft.fields.splice(random.below(draft.fields.length + 1), 0, random.pick(draft.fields));
};

const reorder: Mutation = (random, draft) => random.shuffle(draft.fields);

/** Makes two fields of one name of one. */
const split: Mutation = (random, draft) => {
  const at = random.below(draft.fields.length);
  const [name, value = ''] = (draft.fields[at] ?? '').split(/:(.*)/s);
  const middle = random.below(value.length + 1);
  draft.fields.splice(at, 1, `${name}:${value.slice(0, middle)}`, `${name}:${value.slice(middle)}`);
};

const oddCase = line((random, text) =>
  text.replace(/[a-z]/gi, (letter) => (random.chance(0.5) ? letter.toUpperCase() : letter.toLowerCase())),
);

const whitespace = line((random, text) => {
  const [name, value = ''] = text.split(/:(.*)/s);
  return `${name}${random.pick(SEPARATORS)}${value.trim()}${random.pick(['', '', ' ', '\t', ' \t '])}`;
});

const insertion = line((random, text) =>
  replaceAt(text, random.below(text.length + 1), 0, random.pick(INSERTIONS)),
);

const inValue = line((random, text) => {
  const start = text.indexOf(':') + 1;
  return replaceAt(text, start + random.below(text.length - start + 1), 0, random.pick(IN_VALUES));
});

const requestLine: Mutation = (random, draft) => {
  const change = random.below(4);
  if (change === 0) draft.method += random.pick([' ', '\t', '  ', '\0', '\x0b']);
  else if (change === 1) draft.target += random.pick([' ', '\t', ' x', '\xff', '\0', '#f', '"<>', '\\']);
  else if (change === 2) draft.version = random.pick(VERSIONS);
  else draft.before = random.pick(['\r\n', '\r\n\r\n', '\n', '\r', ' ', '\0', 'x', '\r\n ']);
};

const method: Mutation = (random, draft) => {
  draft.method = random.pick(METHODS);
};

const target: Mutation = (random, draft) => {
  draft.target = random.pick(TARGETS).replaceAll('§', draft.tag);
  if (random.chance(0.2)) draft.method = 'OPTIONS';
};

const LENGTH = /^content-length/i;
const CODING = /^transfer-encoding/i;
const FRAMING = /^(?:content-length|transfer-encoding)/i;
const HOST = /^host/i;

const setLength = (draft: Draft, value: string): void => {
  draft.fields = [...draft.fields.filter((field) => !LENGTH.test(field)), `Content-Length: ${value}`];
};

const lengthForm: Mutation = (random, draft) =>
  setLength(draft, random.pick(LENGTHS).replaceAll('§', String(draft.content.length)));

const lengthOff: Mutation = (random, draft) => {
  const off = random.pick([-5, -2, -1, 1, 2, 10, 1000]);
  setLength(draft, String(Math.max(0, draft.content.length + off)));
};

const codings = CODINGS.map((coding) => `Transfer-Encoding: ${coding}`);

/** Changes the first chunk's line; does nothing to messages that are not chunked. */
const chunkLine: Mutation = (random, draft) => {
  const end = draft.content.indexOf('\r\n');
  if (end < 0 || !draft.fields.some((field) => CODING.test(field))) return;
  const size = draft.content.slice(0, end);
  const changed = random.pick([...CHUNK_LINES, size.toUpperCase()]).replaceAll('§', size);
  draft.content = changed + draft.content.slice(end);
};

const chunkEnd: Mutation = (random, draft) => {
  const places = [...draft.content.matchAll(/\r\n/g)].map((match) => match.index);
  if (places.length === 0) return;
  draft.content = replaceAt(draft.content, random.pick(places), 2, random.pick(CHUNK_ENDS));
};

const trailer: Mutation = (random, draft) => {
  if (!draft.content.endsWith('\r\n')) return;
  draft.content = `${draft.content.slice(0, -2)}${random.pick(TRAILERS)}\r\n\r\n`;
};

/** Something between this request and the next. */
const junk: Mutation = (random, draft) => {
  draft.content += random.pick(['\r\n', '\n', 'x', ' ', '\0', '\r\n\r\n', 'GET', '0\r\n\r\n']);
};

const cut: Mutation = (random, draft) => {
  draft.content = draft.content.slice(0, random.below(draft.content.length + 1));
};

const lineEnd: Mutation = (random, draft) => {
  draft.lineEnd = random.pick(['\n', '\r', '\r\r\n', '\n\r', ' \r\n', '\t\r\n']);
};

const many: Mutation = (random, draft) => {
  const count = 5 + random.below(60);
  for (let nth = 0; nth < count; nth++) draft.fields.push(`X-Many-${random.below(10)}: ${nth}`);
};

/** Those that stand here twice are chosen twice as often. */
const MUTATIONS: readonly Mutation[] = [
  ...[duplicate, duplicate, reorder, split, split, oddCase, whitespace, whitespace, insertion, inValue],
  ...[requestLine, requestLine, method, target, target, lengthForm, lengthForm, lengthOff, lengthOff],
  ...[chunkLine, chunkLine, chunkEnd, trailer, trailer, junk, cut, lineEnd, many],
  ...[replaced(CODING, codings), replaced(FRAMING, FRAMINGS), added(FRAMINGS), replaced(HOST, HOSTS)],
  ...[
    replaced(HOST, HOSTS),
    added(CONNECTIONS),
    added(CONNECTIONS),
    added(HOPS),
    added(OTHERS),
    added(BROKEN),
  ],
];
