import type { FieldLines } from './port.ts';

/** The value of the first field or pseudo-header field of that name; `undefined` when it is not there. */
export function fieldValue(fields: FieldLines, name: string): string | undefined {
  for (let at = 0; at < fields.length; at += 2) if (fields[at] === name) return fields[at + 1];
  return undefined;
}
