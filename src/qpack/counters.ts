/** What encoders have done so far: plain numbers, that several encoders may share. */
export interface QpackCounters {
  /** Field lines, and those of them that needed no literal: name and value stood in a table. */
  lines: number;
  indexedLines: number;
  /** Bytes of names and values, and what they became on the wire with the instructions for the other end's table. */
  plainBytes: number;
  encodedBytes: number;
}

export const noQpackCounts = (): QpackCounters => ({
  lines: 0,
  indexedLines: 0,
  plainBytes: 0,
  encodedBytes: 0,
});
