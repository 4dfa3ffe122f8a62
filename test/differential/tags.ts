/** Marks in generated requests by which an origin tells whose they are, wherever a mutation leaves them. */
import type { StrictRequest } from './strict-parser.ts';

/** The mark of the nth request of a case, or of a request hidden in its content. */
export const tagFor = (caseTag: string, nth: number, hidden = false): string =>
  `t${caseTag}${hidden ? 'h' : 'r'}${nth}z`;

const TAG = /t([0-9a-f]{8})[hr][0-9]z/;

/** The first mark in a request's head; empty when there is none. */
export function tagOf({ target, fields }: Pick<StrictRequest, 'target' | 'fields'>): string {
  return TAG.exec([target, ...fields.flat()].join('\n'))?.[0] ?? '';
}

/** Which case a mark belongs to. */
export const caseOf = (tag: string): string => TAG.exec(tag)?.[1] ?? '';
