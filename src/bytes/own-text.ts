import { Buffer } from 'node:buffer';

/** The same text (one byte a character) in memory of its own: cut out of a head, it would hold all of that as long as it is kept. */
export const ownText = (text: string): string => Buffer.from(text, 'latin1').toString('latin1');
