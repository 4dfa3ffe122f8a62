/**
 * `@peculiar/x509` loads a dependency-injection container that refuses to start unless `Reflect` can read decorator
 * metadata. Its classes are registered without any, so "there is none" is the whole truth and no polyfill is needed.
 * Import this file before that package; where a real polyfill is present it stays.
 */
interface MetadataReader {
  getMetadata?: () => undefined;
  getOwnMetadata?: () => undefined;
}

const reader: typeof Reflect & MetadataReader = Reflect;
reader.getMetadata ??= () => undefined;
reader.getOwnMetadata ??= () => undefined;
