import type { Address } from './address.ts';
import type { Type } from './types.ts';

/** Which end of the tunnel this process is. */
export type Mode = 'Client' | 'Server';

/** What a value that is not in the file may be derived from. */
export interface Derivation {
  readonly peer_hostname: string;
  readonly initial_window: number;
  /** Whether standard output is a terminal. */
  readonly terminal: boolean;
}

/** The key must be given (in the mode that it belongs to). */
export interface Required {
  readonly kind: 'required';
}

/** The key may be left out, and then the value is `undefined`: `text` says what that means. */
export interface Unset {
  readonly kind: 'unset';
  readonly text: string;
}

/** The value of a key that is left out. */
export type Default<T> =
  | Required
  | Unset
  | { readonly kind: 'value'; readonly value: T }
  | { readonly kind: 'derived'; readonly text: string; readonly derive: (from: Derivation) => T };

/** One key of the configuration: all that the loader and the reference know of it. */
export interface Key<T> {
  readonly type: Type<T>;
  readonly default: Default<T>;
  /** The only mode in which the key has a meaning. */
  readonly mode?: Mode;
  /** What it does, as one or more sentences of the reference. */
  readonly doc: string;
}

/** Any key; a union, so that the compiler sees a default that does not fit its type. */
export type AnyKey = Key<number> | Key<boolean> | Key<string> | Key<Address> | Key<readonly string[]>;

/** The keys of one section. */
export type Table = Readonly<Record<string, AnyKey>>;

/** The type of a key's value in the configuration. */
export type ValueOf<K extends { type: unknown; default: unknown }> =
  K['type'] extends Type<infer T> ? (K['default'] extends Unset ? T | undefined : T) : never;

/** The values of a section in one mode: keys that belong to the other mode are not there. */
export type Values<S extends Table, M extends Mode> = {
  readonly [N in keyof S as S[N] extends { readonly mode: Exclude<Mode, M> } ? never : N]: ValueOf<S[N]>;
};

export const required: Required = { kind: 'required' };

export const unset = (text: string): Unset => ({ kind: 'unset', text });

export const value = <T>(literal: T): { kind: 'value'; value: T } => ({ kind: 'value', value: literal });

export const derived = <T>(
  text: string,
  derive: (from: Derivation) => T,
): { kind: 'derived'; text: string; derive: (from: Derivation) => T } => ({ kind: 'derived', text, derive });
