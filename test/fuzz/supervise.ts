import { Worker } from 'node:worker_threads';
import { type Job, type Outcome, Progress } from './job.ts';

/** What a run came to: its outcome, or the input in which it hung. */
export type Verdict =
  | (Outcome & { readonly kind: 'done' })
  | {
      readonly kind: 'hung' | 'died';
      readonly executions: number;
      readonly input: Uint8Array;
      readonly reason: string;
    };

// A thread does not have the loader for TypeScript of the thread that starts it.
const LOADER = `
  const { workerData } = require('node:worker_threads');
  import('tsx/esm/api').then(({ register }) => {
    register();
    return import(workerData.program);
  });
`;

/** Does a job in a thread of its own, which is ended when one execution takes over `patience` ms. */
export async function supervise(
  job: Omit<Job, 'progress'>,
  patience: number,
  program = new URL('./worker.ts', import.meta.url),
): Promise<Verdict> {
  const progress = new Progress();
  const worker = new Worker(LOADER, {
    eval: true,
    workerData: { ...job, progress: progress.memory, program: program.href },
  });
  let timer: NodeJS.Timeout | undefined;
  try {
    return await new Promise<Verdict>((resolve) => {
      const fail = (kind: 'hung' | 'died', reason: string) =>
        resolve({ kind, reason, executions: progress.executions, input: progress.input });
      worker.once('message', (outcome: Outcome) => resolve({ kind: 'done', ...outcome }));
      worker.once('error', (error) => fail('died', error.stack ?? String(error)));
      worker.once('exit', (code) => fail('died', `the thread ended with ${code}`));
      let before = -1;
      timer = setInterval(() => {
        if (progress.executions === before && before > 0)
          fail('hung', `one execution took over ${patience} ms`);
        before = progress.executions;
      }, patience);
    });
  } finally {
    clearInterval(timer);
    await worker.terminate();
  }
}
