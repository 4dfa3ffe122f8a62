/** The thread in which a target runs: the thread that started it sees when it hangs. */
import { parentPort, workerData } from 'node:worker_threads';
import { keepBest, readCorpus } from './corpus.ts';
import { fuzzEndpoint } from './endpoint/endpoint.ts';
import { Fuzzer } from './fuzzer.ts';
import { type Job, type Outcome, watcherOf } from './job.ts';
import { ENDPOINT, targetNamed } from './targets.ts';

const job = workerData as Job;
parentPort?.postMessage(await work());

async function work(): Promise<Outcome> {
  return job.target === ENDPOINT ? disturbEndpoint() : fuzzTarget();
}

async function disturbEndpoint(): Promise<Outcome> {
  const { executions, findings, ...figures } = await fuzzEndpoint(job.seed, watcherOf(job));
  return { executions, findings, figures };
}

async function fuzzTarget(): Promise<Outcome> {
  const target = targetNamed(job.target);
  const fuzzer = new Fuzzer(target, job.seed);
  await fuzzer.run(readCorpus(target.name), watcherOf(job));
  if (job.keep) await keepBest(target, fuzzer.kept);
  return {
    executions: fuzzer.executions,
    figures: { edges: fuzzer.trace.known, kept: fuzzer.kept.length },
    findings: fuzzer.findings,
  };
}
