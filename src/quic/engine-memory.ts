import { performance } from 'node:perf_hooks';
import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

/** Bytes of datagrams after which their memory is taken back: half of it made collections no dearer, and gained nothing. */
const PORTION = 8 * 2 ** 20;

/**
 * Calls of {@link collectYoung}, and milliseconds, after which what they left behind is worth a lull. V8 itself looks when there are
 * four megabytes: that takes a millisecond, in the middle of a request.
 */
const CALLS = 100;
const LULL_PAUSE = 20;

/** The whole heap is searched after connections were left behind that may hold so many bytes; if it is much, soon. */
const LEFT_BEHIND_PORTION = 8 * 2 ** 20;
const MUCH = 32 * 2 ** 20;

/**
 * Between two searches of the whole heap, milliseconds. They take ten to thirty while a process is busy: every two seconds
 * that is noticed by more than one request in a hundred.
 */
const PAUSE = 8000;
const PAUSE_FOR_MUCH = 2000;

/** Without options it searches the whole heap. */
type Collect = (options?: { readonly type: 'minor' }) => void;

let left = PORTION;
let calls = 0;
let collectedAt = Number.NEGATIVE_INFINITY;
let behind = 0;
let searchedAt = -PAUSE;
let search: NodeJS.Timeout | undefined;
let due = Number.POSITIVE_INFINITY;
let collect: Collect | undefined;

/**
 * A datagram of `bytes` was received or sent. What it was read into, or made of, is garbage as soon as it was handled, and
 * lies outside the collector's own heap. V8 lets tens of megabytes of such memory pile up before it looks: then each piece is
 * new to the processor's caches, and large bodies move a fifth slower than where it is taken back early and used again.
 * A minor collection costs what survives it, which is little.
 */
export function moved(bytes: number): void {
  left -= bytes;
}

/**
 * Takes memory back if enough was {@link moved}; or if a connection's work has left enough behind and this is a `lull`: what was
 * asked has left, and there is nothing to do before the peer has answered. A search of a third of a millisecond then delays
 * nobody. `now` is monotonic, milliseconds.
 */
export function collectYoung(now: number, lull: boolean): void {
  calls++;
  if (left > 0 && !(lull && calls >= CALLS && now >= collectedAt + LULL_PAUSE)) return;
  left = PORTION;
  calls = 0;
  collectedAt = now;
  collector()({ type: 'minor' });
}

/**
 * A connection is over for which the engine holds about `bytes`. It frees them when the garbage collector finds the
 * connection's object, which looks too small to be worth a search: a dozen refused certificates would keep a hundred
 * megabytes for an hour. And what the process once had, its allocator hardly gives back. So the heap is searched for them.
 */
export function leftBehind(bytes: number): void {
  behind += bytes;
  if (behind < LEFT_BEHIND_PORTION) return;
  const wanted = searchedAt + (behind < MUCH ? PAUSE : PAUSE_FOR_MUCH);
  if (wanted >= due) return;
  due = wanted;
  clearTimeout(search);
  // Never from within: what the present calls refer to would stay.
  search = setTimeout(searchWhole, Math.max(0, due - performance.now())).unref();
}

/** Searches the whole heap for what is not needed any more. */
export function searchWhole(): void {
  clearTimeout(search);
  due = Number.POSITIVE_INFINITY;
  searchedAt = performance.now();
  behind = 0;
  collector()();
}

function collector(): Collect {
  collect ??= exposedCollector();
  return collect;
}

// The function appears only in contexts that are made while the flag is set.
function exposedCollector(): Collect {
  setFlagsFromString('--expose-gc');
  const gc = runInNewContext('gc');
  setFlagsFromString('--no-expose-gc');
  return gc;
}
