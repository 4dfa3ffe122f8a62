/** Required Insert Count as it is sent: modulo twice what the table can hold (RFC 9204 §4.5.1.1). */
import { ENTRY_OVERHEAD } from './dynamic-table.ts';

/** MaxEntries for the capacity that the decoder announced (SETTINGS_QPACK_MAX_TABLE_CAPACITY). */
export function maxEntries(maxTableCapacity: number): number {
  return Math.floor(maxTableCapacity / ENTRY_OVERHEAD);
}

/** The encoded form of a Required Insert Count. */
export function encodeRequiredInsertCount(required: number, maximum: number): number {
  return required === 0 ? 0 : (required % (2 * maximum)) + 1;
}

/**
 * The Required Insert Count that an encoder means, when the decoder has `insertCount` entries inserted; `undefined`
 * for what no encoder could have sent.
 */
export function decodeRequiredInsertCount(
  encoded: number,
  maximum: number,
  insertCount: number,
): number | undefined {
  if (encoded === 0) return 0;
  const fullRange = 2 * maximum;
  if (encoded > fullRange) return undefined;
  const maxValue = insertCount + maximum;
  const maxWrapped = Math.floor(maxValue / fullRange) * fullRange;
  const required = maxWrapped + encoded - 1;
  const unwrapped = required > maxValue ? required - fullRange : required;
  return unwrapped > 0 ? unwrapped : undefined;
}
