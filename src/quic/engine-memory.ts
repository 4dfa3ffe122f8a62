import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/**
 * Tells the garbage collector that `bytes` were taken which it cannot see. The engine frees what it holds for a
 * connection when the collector finds the connection's object, and that one looks too small to be worth a search: a
 * dozen refused certificates would keep a hundred megabytes for an hour. Memory that is never touched, and so never
 * really given, is what it does see.
 */
export function announceMemory(bytes: number): ArrayBuffer {
  return new ArrayBuffer(bytes);
}

/** Bytes of datagrams after which their memory is taken back: half of it made collections no dearer, and gained nothing. */
const PORTION = 8 * 2 ** 20;

let left = PORTION;
let collect: ((options: { readonly type: 'minor' }) => void) | undefined;

/**
 * A datagram of `bytes` was received or sent. What it was read into, or made of, is garbage as soon as it was handled, and
 * lies outside the collector's own heap. V8 lets tens of megabytes of such memory pile up before it looks: then each piece is
 * new to the processor's caches, and large bodies move a fifth slower than where it is taken back early and used again.
 * A minor collection costs what survives it, which is little.
 */
export function moved(bytes: number): void {
  left -= bytes;
}

/** Takes memory back if enough was {@link moved}. */
export function collectYoung(): void {
  if (left > 0) return;
  left = PORTION;
  collect ??= minorCollector();
  collect({ type: 'minor' });
}

// The function appears only in contexts that are made while the flag is set.
function minorCollector(): (options: { readonly type: 'minor' }) => void {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return gc;
}
