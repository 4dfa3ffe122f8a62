/** What peers made us do in vain so far, and what came of it: plain numbers, which everything of one end shares. */
export interface FloodCounters {
  /** Useless units, as `flood-guard.ts` counts them. */
  uselessUnits: number;
  /** Connections closed with H3_EXCESSIVE_LOAD. */
  connectionsClosed: number;
  /** Requests given up because their head took too long. */
  lateHeads: number;
  /** Answers cut because the peer took nothing of them. */
  untakenAnswers: number;
}

export const noFloodCounts = (): FloodCounters => ({
  uselessUnits: 0,
  connectionsClosed: 0,
  lateHeads: 0,
  untakenAnswers: 0,
});
