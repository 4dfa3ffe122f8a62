/** One measurement: when, in seconds, and what. */
export interface Sample {
  readonly at: number;
  readonly value: number;
}

/** The slope of the straight line nearest to the samples (least squares), in units of the value a second. */
export function slope(samples: readonly Sample[]): number {
  const count = samples.length;
  if (count < 2) return 0;
  const meanAt = samples.reduce((sum, { at }) => sum + at, 0) / count;
  const meanValue = samples.reduce((sum, { value }) => sum + value, 0) / count;
  let above = 0;
  let below = 0;
  for (const { at, value } of samples) {
    above += (at - meanAt) * (value - meanValue);
    below += (at - meanAt) ** 2;
  }
  return below === 0 ? 0 : above / below;
}
