/** The thread in which a target runs: the thread that started it sees when it hangs. */
import { parentPort, workerData } from 'node:worker_threads';
import { keepBest, readCorpus } from './corpus.ts';
import { Fuzzer } from './fuzzer.ts';
import { type Job, type Outcome, watcherOf } from './job.ts';
import { targetNamed } from './targets.ts';

const job = workerData as Job;
parentPort?.postMessage(await work());

async function work(): Promise<Outcome> {
  const target = targetNamed(job.target);
  const fuzzer = new Fuzzer(target, job.seed);
  await fuzzer.run(readCorpus(target.name), watcherOf(job));
  if (job.keep) await keepBest(target, fuzzer.kept);
  return {
    executions: fuzzer.executions,
    edges: fuzzer.trace.known,
    kept: fuzzer.kept.length,
    findings: fuzzer.findings,
  };
}
