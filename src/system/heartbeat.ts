/** From one beat to the next, milliseconds. */
export const BEAT = 1000;

interface Step {
  readonly run: () => void;
  readonly every: number;
}

const steps = new Set<Step>();
let timer: NodeJS.Timeout | undefined;
let beats = 0;

/**
 * Calls `run` once a second, or once in `every` seconds, in one go with all others: a process at rest that woke up for each by
 * itself would take several times as much of the processor. Returns what ends it. The process may end meanwhile.
 */
export function atEachBeat(run: () => void, every = 1): () => void {
  const step = { run, every };
  steps.add(step);
  timer ??= setInterval(beat, BEAT).unref();
  return () => {
    steps.delete(step);
    if (steps.size > 0) return;
    clearInterval(timer);
    timer = undefined;
  };
}

function beat(): void {
  beats++;
  for (const { run, every } of steps) if (beats % every === 0) run();
}
