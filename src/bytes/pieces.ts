import type { Buffer } from 'node:buffer';

/** What goes out in a row: text (one byte a character) and bytes. */
export type Pieces = readonly (string | Uint8Array)[];

export function byteLength(pieces: Pieces): number {
  let length = 0;
  for (const piece of pieces) length += piece.length;
  return length;
}

/** Copies them to where there is room for {@link byteLength}, and gives the offset behind them. */
export function copyPieces(pieces: Pieces, target: Buffer, offset: number): number {
  let at = offset;
  for (const piece of pieces) {
    if (typeof piece !== 'string') target.set(piece, at);
    else if (piece !== '') target.write(piece, at, 'latin1');
    at += piece.length;
  }
  return at;
}
