import type { Mode, Table, Values } from './key.ts';
import { GENERAL } from './schema-general.ts';
import { SYSTEM } from './schema-system.ts';
import { TLS } from './schema-tls.ts';
import { TRANSPORT } from './schema-transport.ts';

/** Every section of the configuration file, in the order of the reference. */
export const SCHEMA = {
  general: GENERAL,
  tls: TLS,
  transport: TRANSPORT,
  system: SYSTEM,
} as const satisfies Readonly<Record<string, Table>>;

export type SectionName = keyof typeof SCHEMA;

export const SECTION_NAMES: readonly SectionName[] = ['general', 'tls', 'transport', 'system'];

interface ConfigOf<M extends Mode> {
  readonly general: Values<typeof GENERAL, M> & { readonly mode: M };
  readonly tls: Values<typeof TLS, M>;
  readonly transport: Values<typeof TRANSPORT, M>;
  readonly system: Values<typeof SYSTEM, M>;
}

/** The configuration of the end that connects. */
export type ClientConfig = ConfigOf<'Client'>;

/** The configuration of the end that accepts. */
export type ServerConfig = ConfigOf<'Server'>;

/**
 * A validated configuration. Keys are named as in the file, times are in milliseconds, sizes in bytes, paths
 * absolute; what was left out of the file has its default, and only keys without one can be `undefined`.
 */
export type Config = ClientConfig | ServerConfig;

export const isClient = (config: Config): config is ClientConfig => config.general.mode === 'Client';
