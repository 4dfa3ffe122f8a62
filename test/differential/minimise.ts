/** Finds a smaller text of which the same holds. */

/** Takes away ever smaller pieces as long as `holds` says that it still does; `most` calls at most. */
export async function minimise(
  text: string,
  holds: (smaller: string) => Promise<boolean>,
  most = 400,
): Promise<string> {
  let best = text;
  let calls = 0;
  for (let size = best.length >> 1; size > 0; size >>= 1) {
    for (let at = 0; at < best.length && calls < most; ) {
      const smaller = best.slice(0, at) + best.slice(at + size);
      calls++;
      if (await holds(smaller)) best = smaller;
      else at += size;
    }
  }
  return best;
}
