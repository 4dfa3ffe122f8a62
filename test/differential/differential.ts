/** Runs generated cases, many at once, and makes what it finds small. */
import { generate } from './generator.ts';
import { type Finding, Harness, isTraceable } from './harness.ts';
import { minimise } from './minimise.ts';

export interface DifferentialOptions {
  /** Requests to generate. */
  readonly count: number;
  readonly seed: number;
  /** Leaves the pair out, so that what it does for senders is missing. */
  readonly bypass?: boolean;
  /** How long a case may take, in ms. */
  readonly patience?: number;
  /** How many findings are made small, as that takes time. */
  readonly minimised?: number;
  readonly onProgress?: (requests: number) => void;
}

export interface Report {
  readonly requests: number;
  readonly cases: number;
  readonly findings: readonly Finding[];
}

/** Connections at once, and how long each may take, in ms. */
const AT_ONCE = 48;
const PATIENCE = 15_000;

export async function differential(options: DifferentialOptions): Promise<Report> {
  const { bypass, minimised = 5 } = options;
  const harness = await Harness.start(bypass);
  try {
    const { requests, cases } = await runAll(harness, options);
    const found = [...harness.findings];
    const small: Finding[] = [];
    for (const finding of found.slice(0, minimised)) small.push(await smallest(harness, finding));
    return { requests, cases, findings: [...small, ...found.slice(minimised)] };
  } finally {
    await harness.stop();
  }
}

async function runAll(
  harness: Harness,
  { count, seed, patience = PATIENCE, onProgress }: DifferentialOptions,
): Promise<{ requests: number; cases: number }> {
  let requests = 0;
  let cases = 0;
  let nth = 0;
  const worker = async (): Promise<void> => {
    while (requests < count) {
      const subject = generate(seed, nth++);
      if (!isTraceable(subject)) continue;
      requests += subject.size;
      cases++;
      await harness.run(subject, patience);
      onProgress?.(requests);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, worker));
  return { requests, cases };
}

async function smallest(harness: Harness, finding: Finding): Promise<Finding> {
  const same = async (text: string) => (await harness.runAlone(text, []))?.kind === finding.kind;
  if (!(await same(finding.text))) return finding;
  const text = await minimise(finding.text, same);
  return { ...finding, ...(await harness.runAlone(text, [])), text, cuts: [] };
}
