import { isIP } from 'node:net';
import { resolve } from 'node:path';
import type { TomlValue } from 'smol-toml';
import {
  type Address,
  formatAddress,
  isCertificateName,
  isCidrBlock,
  isHost,
  parseHostPort,
  parseIpPort,
} from './address.ts';

/** What the numbers of a key count. */
export type Unit = 'ms' | 'bytes' | 'bytes/s';

/** A type of value that a key may have: how it is read, written and described. */
export interface Type<T> {
  /** What may be written, with article and range: continues "allowed is …" in messages and in the reference. */
  readonly allowed: string;
  readonly unit: Unit | undefined;
  /**
   * The value that `raw` stands for, or `undefined` when `raw` is not allowed. Integers come as bigint, floats as
   * number. `directory` is where relative paths start.
   */
  parse(raw: TomlValue, directory: string): T | undefined;
  /** Of a list that is not allowed, the first item at fault. */
  faulty?(raw: TomlValue): TomlValue | undefined;
  /** The value as TOML. */
  format(value: T): string;
}

/** A whole number from `min` to `max`, both included. */
export function integer(min: number, max: number, unit?: Unit): Type<number> {
  return {
    allowed: `an integer from ${min} to ${max}${unit === undefined ? '' : ` (${unit})`}`,
    unit,
    parse: (raw) => (typeof raw === 'bigint' && raw >= min && raw <= max ? Number(raw) : undefined),
    format: String,
  };
}

/** A time of at most a day: timers of Node take no more than 24.8. */
export const milliseconds = (min: number, max = 86_400_000): Type<number> => integer(min, max, 'ms');

/** A number, with or without fraction, above `min` up to `max`. */
export function numberAbove(min: number, max: number): Type<number> {
  return {
    allowed: `a number above ${min}, up to ${max}`,
    unit: undefined,
    parse: (raw) => {
      const value = typeof raw === 'bigint' || typeof raw === 'number' ? Number(raw) : Number.NaN;
      return value > min && value <= max ? value : undefined;
    },
    format: String,
  };
}

export const boolean: Type<boolean> = {
  allowed: 'true or false',
  unit: undefined,
  parse: (raw) => (typeof raw === 'boolean' ? raw : undefined),
  format: String,
};

/** One of `words`, exactly as written. */
export function oneOf<const W extends string>(...words: readonly W[]): Type<W> {
  return {
    allowed: `one of ${words.map((word) => `"${word}"`).join(', ')}`,
    unit: undefined,
    parse: (raw) => words.find((word) => word === raw),
    format: JSON.stringify,
  };
}

export const certificateName = text(
  'a host name of letters, digits, hyphens and dots, or an IP address, without a port',
  (value) => (isCertificateName(value) ? value : undefined),
);

export const host = text(
  'a host name or an IP address without brackets; the port has its own key, quic_port',
  (value) => (isHost(value) ? value : undefined),
);

export const ip = text('an IP address such as "::" or "127.0.0.1", without brackets or port', (value) =>
  isIP(value) === 0 ? undefined : value,
);

/** A file, as an absolute path. */
export const path = text(
  'the path of a file, relative to the folder of the configuration file',
  (value, directory) => (value === '' || value.includes('\0') ? undefined : resolve(directory, value)),
);

export const ipPort = address(
  'an IP address and a port such as "[::]:20080" or "127.0.0.1:20080"',
  parseIpPort,
);

export const hostPort = address(
  'a host name or IP address and a port such as "localhost:8081" or "[::1]:8081"',
  parseHostPort,
);

export const cidrBlocks: Type<readonly string[]> = {
  ...list('a list of address blocks such as ["10.0.0.0/8", "2001:db8::/32"]', isCidrBlock),
  parse: (raw) => {
    const blocks = strings(raw, isCidrBlock);
    return blocks?.length === 0 ? undefined : blocks;
  },
};

/** Field names (RFC 9110 §5.1) and those of pseudo-header fields, in lower case. */
export const fieldNames: Type<readonly string[]> = {
  ...list('a list of header field names such as ["x-session-id", ":path"]', isFieldName),
  parse: (raw) => strings(raw, isFieldName)?.map((name) => name.toLowerCase()),
};

function isFieldName(name: string): boolean {
  return FIELD_NAME.test(name);
}

const FIELD_NAME = /^:?[!#$%&'*+.^_`|~0-9A-Za-z-]+$/;

function list(allowed: string, isItem: (text: string) => boolean): Omit<Type<readonly string[]>, 'parse'> {
  const isFaulty = (item: TomlValue): boolean => typeof item !== 'string' || !isItem(item);
  return {
    allowed,
    unit: undefined,
    faulty: (raw) => (Array.isArray(raw) ? raw.find(isFaulty) : undefined),
    format: JSON.stringify,
  };
}

/** A list of strings that all pass, or `undefined`. */
function strings(raw: TomlValue, isItem: (text: string) => boolean): string[] | undefined {
  if (!Array.isArray(raw)) return undefined;
  const items = raw.filter((item) => typeof item === 'string').filter(isItem);
  return items.length === raw.length ? items : undefined;
}

type ParseText = (value: string, directory: string) => string | undefined;

function text(allowed: string, parse: ParseText): Type<string> {
  return {
    allowed,
    unit: undefined,
    parse: (raw, directory) => (typeof raw === 'string' ? parse(raw, directory) : undefined),
    format: JSON.stringify,
  };
}

function address(allowed: string, parse: (value: string) => Address | undefined): Type<Address> {
  return {
    allowed,
    unit: undefined,
    parse: (raw) => (typeof raw === 'string' ? parse(raw) : undefined),
    format: (value) => JSON.stringify(formatAddress(value)),
  };
}
