import { ownText } from '../bytes/own-text.ts';

/** What a gateway does with a field because of its name. */
export type Role =
  /** Passed on. */
  | 'end-to-end'
  /** Speaks of one connection and stays there (RFC 9110 §7.6.1). */
  | 'hop-by-hop'
  | 'connection'
  | 'keep-alive'
  | 'te'
  | 'transfer-encoding'
  | 'host'
  | 'content-length'
  | 'cookie'
  | 'date'
  | 'expect'
  | 'trailer';

/** A field name in the forms that the two sides want. */
export interface FieldName {
  /** As HTTP/3 has it (RFC 9114 §4.2). */
  readonly lower: string;
  /** As we send it to HTTP/1.1 receivers: Title-Case. */
  readonly title: string;
  readonly role: Role;
}

/** The name in whatever case it came. Names seen before cost one look-up and no new string. */
export function fieldName(name: string): FieldName {
  const known = CACHE.get(name);
  if (known !== undefined) return known;
  const lower = name.toLowerCase();
  const made = { lower, title: titleCase(lower), role: ROLES.get(lower) ?? 'end-to-end' } as const;
  if (CACHE.size < CACHE_ENTRIES && name.length <= CACHED_LENGTH) CACHE.set(ownText(name), made);
  return made;
}

// Enough for the names that applications really use, in two spellings each; a sender of ever new names only loses
// the short cut.
const CACHE_ENTRIES = 2048;
const CACHED_LENGTH = 64;
const CACHE = new Map<string, FieldName>();

const ROLES: ReadonlyMap<string, Role> = new Map<string, Role>([
  ['connection', 'connection'],
  ['keep-alive', 'keep-alive'],
  ['proxy-connection', 'hop-by-hop'],
  ['proxy-authenticate', 'hop-by-hop'],
  ['proxy-authorization', 'hop-by-hop'],
  ['upgrade', 'hop-by-hop'],
  ['te', 'te'],
  ['transfer-encoding', 'transfer-encoding'],
  ['host', 'host'],
  ['content-length', 'content-length'],
  ['cookie', 'cookie'],
  ['date', 'date'],
  ['expect', 'expect'],
  ['trailer', 'trailer'],
]);

function titleCase(lower: string): string {
  return lower.replace(/(?:^|-)[a-z]/g, (start) => start.toUpperCase());
}
