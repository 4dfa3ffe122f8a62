/**
 * Arrays of field lines that never change and come again: what was found of one need not be looked for a second time. Not frozen
 * ones, which take V8 four times as long to read.
 */
const lasting = new WeakSet<readonly string[]>();

/** Promises that nobody changes it from here on, and that it is kept to be handed on again. */
export function makeLasting(lines: readonly string[]): void {
  lasting.add(lines);
}

export function isLasting(lines: readonly string[]): boolean {
  return lasting.has(lines);
}
