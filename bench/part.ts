/** What is measured of a subject. */
import type { Origin } from './origin.ts';
import type { Subject } from './subject.ts';

/** Figures of one subject in one round. */
export type Figures = Readonly<Record<string, number>>;

export interface Context {
  /** The nginx origin, which all parts share. */
  readonly origin: Origin;
  /** Shorter and less: to see whether it works, not to publish. */
  readonly quick: boolean;
}

export interface Part {
  readonly name: string;
  /** Whether it can say anything of this subject. */
  takes(subject: Subject): boolean;
  measure(subject: Subject, context: Context): Promise<Figures>;
}

/** Starts the subject for the time of `work`. */
export async function running<T>(
  subject: Subject,
  originPort: number,
  work: (running: Awaited<ReturnType<Subject['start']>>) => Promise<T>,
): Promise<T> {
  const started = await subject.start(originPort);
  try {
    return await work(started);
  } finally {
    await started.stop();
  }
}

/** Every proxy, and not the origin alone. */
export const isProxy = (subject: Subject): boolean => subject.name !== 'origin';

/** The builds of this program. */
export const isOurs = (subject: Subject): boolean => subject.name.startsWith('ptproxy');
