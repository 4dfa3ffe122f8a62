/**
 * Which field lines the encoder puts into the dynamic table. An insert costs what a literal costs, so it pays when the
 * same line comes again; and whoever can send requests of his own through the same connection can find out by their
 * length whether a line is in the table (RFC 9204 §7.1), so secrets never go there.
 */

/**
 * Fields whose values are secrets. They are sent as never-indexed literals (RFC 9204 §7.1.3): a short one could be
 * guessed, and no hop that follows shall index it either.
 */
const SECRET_NAMES: readonly string[] = [
  'authorization',
  'cookie',
  'proxy-authorization',
  'set-cookie',
  'x-api-key',
  'x-auth-token',
  'x-csrf-token',
  'x-xsrf-token',
];

/** Fields that a peer sends with the same value again and again: indexed when first seen. */
const REPEATED_NAMES: readonly string[] = [
  ':authority',
  ':scheme',
  ':status',
  'accept',
  'accept-encoding',
  'accept-language',
  'accept-ranges',
  'access-control-allow-credentials',
  'access-control-allow-headers',
  'access-control-allow-methods',
  'access-control-allow-origin',
  'access-control-expose-headers',
  'access-control-max-age',
  'alt-svc',
  'cache-control',
  'content-encoding',
  'content-language',
  'content-security-policy',
  'content-type',
  'cross-origin-embedder-policy',
  'cross-origin-opener-policy',
  'cross-origin-resource-policy',
  'dnt',
  'origin',
  'permissions-policy',
  'pragma',
  'priority',
  'referrer-policy',
  'sec-ch-ua',
  'sec-ch-ua-mobile',
  'sec-ch-ua-platform',
  'sec-fetch-dest',
  'sec-fetch-mode',
  'sec-fetch-site',
  'sec-fetch-user',
  'sec-gpc',
  'server',
  'strict-transport-security',
  'te',
  'upgrade-insecure-requests',
  'user-agent',
  'vary',
  'via',
  'x-content-type-options',
  'x-frame-options',
  'x-powered-by',
  'x-requested-with',
  'x-xss-protection',
];

/** Fields whose values rarely come twice; but a resource that is polled sends them every time. */
const VOLATILE_NAMES: readonly string[] = [
  ':path',
  'content-disposition',
  'date',
  'etag',
  'expires',
  'if-match',
  'if-modified-since',
  'if-none-match',
  'if-range',
  'if-unmodified-since',
  'last-modified',
  'link',
  'location',
];

/** Fields whose values differ, or are so short that a reference saves next to nothing. */
const FLEETING_NAMES: readonly string[] = ['age', 'content-length', 'content-range', 'range'];

/** At which sighting of a line it is inserted. */
const FIRST = 1;
const SECOND = 2;
const THIRD = 3;
const NEVER = Number.POSITIVE_INFINITY;

/** Decides by name, and by what it has seen lately. */
export class IndexingPolicy {
  readonly #secrets: ReadonlySet<string>;
  readonly #sightings = new Sightings();

  /** `neverIndexed`: names, in lower case, of further fields whose values are secrets. */
  constructor(neverIndexed: readonly string[]) {
    this.#secrets = new Set([...SECRET_NAMES, ...neverIndexed]);
  }

  /** Whether the field's value must be sent as a never-indexed literal. */
  isSecret(name: string): boolean {
    return this.#secrets.has(name);
  }

  /**
   * Whether a line that is not in the table should be inserted; asking counts as a sighting. Not to be asked of
   * secrets. Throws a RangeError when a character is no byte.
   */
  shouldIndex(name: string, value: string): boolean {
    const threshold = THRESHOLDS.get(name) ?? SECOND;
    return threshold !== NEVER && this.#sightings.count(name, value) >= threshold;
  }

  /** Whether a name that neither table has should be inserted, without a value; asking counts as a sighting. */
  shouldIndexName(name: string): boolean {
    return this.#sightings.count(name, '') >= SECOND;
  }
}

const THRESHOLDS: ReadonlyMap<string, number> = new Map([
  ...REPEATED_NAMES.map((name) => [name, FIRST] as const),
  ...VOLATILE_NAMES.map((name) => [name, THIRD] as const),
  ...FLEETING_NAMES.map((name) => [name, NEVER] as const),
]);

/**
 * Remembers, for the last thousand lines or so, that they were there and how often, by a hash alone: a line that was
 * mistaken for another is inserted too early, no more.
 */
class Sightings {
  // 30 bits of hash, two of count; the slot is the low bits of the hash.
  readonly #slots = new Int32Array(SLOTS);

  /** Sightings of this line, this one included; counts up to three. */
  count(name: string, value: string): number {
    const hash = hashText(hashText(SEED, name) ^ SEPARATOR, value);
    const slot = (hash >>> 2) % SLOTS;
    const seen = this.#slots[slot] as number;
    const before = (seen & ~COUNT_MASK) === (hash & ~COUNT_MASK) ? seen & COUNT_MASK : 0;
    const now = Math.min(before + 1, COUNT_MASK);
    this.#slots[slot] = (hash & ~COUNT_MASK) | now;
    return now;
  }
}

function hashText(seed: number, text: string): number {
  let hash = seed;
  let seen = 0;
  for (let at = 0; at < text.length; at++) {
    const symbol = text.charCodeAt(at);
    seen |= symbol;
    hash = Math.imul(hash ^ symbol, FNV_PRIME);
  }
  if (seen > 0xff) throw new RangeError('a field line holds a character that is no byte');
  return hash ^ (hash >>> 15);
}

const SLOTS = 1024;
const COUNT_MASK = 3;
const SEED = 0x811c9dc5;
const SEPARATOR = 0x100;
const FNV_PRIME = 0x01000193;
